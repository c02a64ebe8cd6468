"""MMPose's own tools/train.py, with mmpose_sat loaded: same arguments, same behaviour."""

from _mmpose import run

if __name__ == '__main__':
    run('train.py')
