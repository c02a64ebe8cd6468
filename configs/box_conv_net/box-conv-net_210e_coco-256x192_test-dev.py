# Writes the file that COCO's server scores; evaluates nothing here.
_base_ = ['box-conv-net_210e_coco-256x192_detected-boxes.py']

test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/image_info_test-dev2017.json',
        bbox_file=_base_.data_root
        + '/person_detection_results/COCO_test-dev2017_detections_AP_H_609_person.json',
        data_prefix=dict(img='test2017/'),
    )
)
test_evaluator = dict(
    ann_file=_base_.data_root + '/annotations/image_info_test-dev2017.json',
    format_only=True,
    outfile_prefix='coco_test-dev2017',
)
