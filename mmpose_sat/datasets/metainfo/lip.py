# Joints of Look Into Person (Gong et al., CVPR 2017): those of MPII, in their order.
_base_ = ['mmpose::_base_/datasets/mpii.py']

dataset_info = dict(
    dataset_name='lip',
    paper_info=dict(
        _delete_=True,
        author='Ke Gong, Xiaodan Liang, Dongyu Zhang, Xiaohui Shen and Liang Lin',
        title='Look into Person: Self-supervised Structure-sensitive Learning and A New Benchmark',
        container='IEEE Conference on Computer Vision and Pattern Recognition',
        year='2017',
        homepage='https://github.com/Engineering-Course/LIP_SSL',
    ),
)
