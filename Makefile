# Everything runs in a virtual environment that is made on first use; only Python, make and npm are
# needed before.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DEMO_DATA := demo/data
DEMO_RUN := demo/run

.PHONY: help demo test lint bench clean

help:
	@echo "make demo    run the whole chain on real pictures; look into demo/ afterwards"
	@echo "make test    lint, type-check and test"
	@echo "make lint    ruff and mypy only"
	@echo "make bench   measure speed; prints tables"
	@echo "make clean   delete the virtual environment and what the demo made"

$(VENV)/.installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all,demo,dev]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/python demo/pictures.py demo/pictures
	$(BIN)/datagen overlay --bg demo/pictures/bgs --fg demo/pictures/fgs --n 2 --out $(DEMO_DATA)
	$(BIN)/depthgen run --data $(DEMO_DATA) --batch 1000
	$(BIN)/datagen stats $(DEMO_DATA) | tee demo/stats.txt
	$(BIN)/datagen preview $(DEMO_DATA) --out demo/contact_sheet.png
	$(BIN)/datagen preview $(DEMO_DATA) --out demo/report.html
	$(BIN)/datagen verify $(DEMO_DATA)
	$(BIN)/train fit --shards '$(DEMO_DATA)/*.h5' --epochs 2 --out $(DEMO_RUN)
	cp $(DEMO_RUN)/curves.png demo/curves.png
	$(BIN)/train evaluate $(DEMO_RUN) | tee demo/evaluation.txt
	cp $(DEMO_RUN)/worst.png demo/worst.png
	$(BIN)/train predict --run $(DEMO_RUN) --shards $(DEMO_DATA) --split val --limit 12 \
		--out demo/predictions --overwrite
	@echo
	@echo "Look at demo/predictions/panel.png, demo/evaluation.txt, demo/worst.png,"
	@echo "demo/contact_sheet.png, demo/report.html and demo/curves.png"

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4

bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python benchmarks/overlay.py
	$(BIN)/python benchmarks/reading.py
	$(BIN)/python benchmarks/teachers.py
	$(BIN)/python benchmarks/storage.py
	$(BIN)/python benchmarks/damage.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/students.py --minutes 1 --seeds 1
	$(BIN)/python benchmarks/losses.py

clean:
	rm -rf $(VENV) $(DEMO_DATA) $(DEMO_RUN) demo/pictures demo/predictions
	rm -f demo/*.png demo/*.txt demo/*.html
