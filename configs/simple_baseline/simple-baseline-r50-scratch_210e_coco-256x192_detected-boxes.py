# As published: SimpleBaseline's person detections, OKS-NMS, box score times keypoint score.
_base_ = ['simple-baseline-r50-scratch_210e_coco-256x192.py']

val_dataloader = dict(
    dataset=dict(
        bbox_file=_base_.data_root
        + '/person_detection_results/COCO_val2017_detections_AP_H_56_person.json'
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(score_mode='bbox_keypoint', nms_mode='oks_nms')
test_evaluator = val_evaluator
