# Every target sets up .venv first when it is missing; works from any folder with make -C.
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
PYTHON_BIN := $(ROOT)/.venv/bin/python
.PHONY: help setup demo test gpu lint wheel test-onedl doctor

help:
	@echo 'make demo        train, evaluate and draw a small BoxConvNet on people it renders (LSP=.../lsp: on Leeds Sports Pose)'
	@echo 'make test        run the tests'
	@echo 'make gpu         tests and benchmarks on an NVIDIA GPU, figures into gpu_figures/'
	@echo 'make lint        ruff and mypy'
	@echo 'make wheel       build both distributions into dist/'
	@echo 'make doctor      name what is wrong with this environment, and the fix'
	@echo 'make test-onedl  run the tests on the onedl forks of the MMPose stack'

setup:
	@$(ROOT)/tools/setup_env.sh
	@$(PYTHON_BIN) $(ROOT)/ops/build.py >/dev/null || echo 'setup: going on without native kernels'

demo: setup
	@$(PYTHON_BIN) $(ROOT)/tools/demo.py $(if $(LSP),--lsp $(LSP)) $(DEMO_ARGS)

test: setup
	@cd $(ROOT) && $(PYTHON_BIN) -m pytest $(TEST_ARGS)

gpu: setup
	@PYTHON=$(PYTHON_BIN) $(ROOT)/tools/measure_gpu.sh

lint: setup
	@cd $(ROOT) && $(PYTHON_BIN) -m ruff check . && $(PYTHON_BIN) -m ruff format --check . \
		&& $(PYTHON_BIN) -m mypy

wheel: setup
	@cd $(ROOT) && $(PYTHON_BIN) -m hatchling build -t wheel -d dist
	@cd $(ROOT)/ops && $(PYTHON_BIN) -m hatchling build -t wheel -d ../dist

doctor: # where the set-up does not come to its end, too
	@[ -x $(PYTHON_BIN) ] || $(ROOT)/tools/setup_env.sh
	@$(PYTHON_BIN) $(ROOT)/tools/doctor.py

# The same pins with the maintained forks in place of mmcv, MMEngine and MMDetection.
test-onedl:
	@sed -E 's/^mmcv==.*/onedl-mmcv==2.3.6/; s/^mmengine==.*/onedl-mmengine==0.10.12/; \
		s/^mmdet==.*/onedl-mmdetection==3.5.1/' $(ROOT)/requirements.lock > $(ROOT)/.venv-onedl.lock
	@$(ROOT)/tools/setup_env.sh $(ROOT)/.venv-onedl $(ROOT)/.venv-onedl.lock
	@$(ROOT)/.venv-onedl/bin/python $(ROOT)/ops/build.py >/dev/null || echo 'setup: going on without native kernels'
	@cd $(ROOT) && .venv-onedl/bin/python -m pytest $(TEST_ARGS)
