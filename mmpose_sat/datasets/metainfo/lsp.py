# 14 joints of Leeds Sports Pose (Johnson & Everingham, BMVC 2010), left and right as the person's
# own.
_RIGHT, _LEFT, _TRUNK = [255, 128, 0], [0, 200, 0], [51, 153, 255]
_JOINTS = [
    ('right_ankle', 'left_ankle', 'lower'),
    ('right_knee', 'left_knee', 'lower'),
    ('right_hip', 'left_hip', 'lower'),
    ('left_hip', 'right_hip', 'lower'),
    ('left_knee', 'right_knee', 'lower'),
    ('left_ankle', 'right_ankle', 'lower'),
    ('right_wrist', 'left_wrist', 'upper'),
    ('right_elbow', 'left_elbow', 'upper'),
    ('right_shoulder', 'left_shoulder', 'upper'),
    ('left_shoulder', 'right_shoulder', 'upper'),
    ('left_elbow', 'right_elbow', 'upper'),
    ('left_wrist', 'right_wrist', 'upper'),
    ('neck', '', 'upper'),
    ('head_top', '', 'upper'),
]
_LIMBS = [
    ('right_ankle', 'right_knee'),
    ('right_knee', 'right_hip'),
    ('right_hip', 'left_hip'),
    ('left_hip', 'left_knee'),
    ('left_knee', 'left_ankle'),
    ('right_wrist', 'right_elbow'),
    ('right_elbow', 'right_shoulder'),
    ('right_shoulder', 'neck'),
    ('neck', 'left_shoulder'),
    ('left_shoulder', 'left_elbow'),
    ('left_elbow', 'left_wrist'),
    ('neck', 'head_top'),
    ('right_shoulder', 'right_hip'),
    ('left_shoulder', 'left_hip'),
]


def _color(*names: str) -> list[int]:
    sides = {name.split('_')[0] for name in names}
    if sides <= {'right', 'neck'} and 'right' in sides:
        return _RIGHT
    if sides <= {'left', 'neck'} and 'left' in sides:
        return _LEFT
    return _TRUNK


dataset_info = dict(
    dataset_name='lsp',
    paper_info=dict(
        author='Sam Johnson and Mark Everingham',
        title='Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation',
        container='British Machine Vision Conference',
        year='2010',
        homepage='http://www.comp.leeds.ac.uk/mat4saj/lsp.html',
    ),
    keypoint_info={
        i: dict(name=name, id=i, color=_color(name), type=half, swap=swap)
        for i, (name, swap, half) in enumerate(_JOINTS)
    },
    skeleton_info={
        i: dict(link=link, id=i, color=_color(*link)) for i, link in enumerate(_LIMBS)
    },
    joint_weights=[1.0] * 14,
    # No OKS is defined for LSP; COCO's values of the same joints, MPII's for neck and head.
    sigmas=[
        0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062,
        0.026, 0.026,
    ],
)  # fmt: skip
