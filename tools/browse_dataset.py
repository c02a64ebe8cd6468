"""MMPose's own tools/misc/browse_dataset.py, with mmpose_sat loaded: same arguments."""

from _mmpose import run

if __name__ == '__main__':
    run('misc/browse_dataset.py')
