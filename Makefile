# Sets up, runs and tests casa-desktop. `make` alone lists the targets.
#
# PYTHON=python3.12   the interpreter to build .venv with (3.10 to 3.13)
# ARGS="..."          passed on to JupyterLab by `make run`, to pytest by `make test`, and to the benchmarks by `make bench`
# WORKERS=0           how many files of tests run at a time (default: one more than processors, five at most; 0: in line)
# DEMO=folder         where `make run` works (default: demo-work)
#
# For images: ENGINE=podman or docker (by default the one that is there), IMAGE=name:tag, and BUILD_ARGS for its build:
# BUILD_ARGS=--build-arg=BASE=docker.io/library/debian:trixie-slim
# SIF=file            Apptainer's, which `make sif` makes of the image (default: build/casa-desktop.sif)

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?=
ARGS ?=
PROCESSORS := $(shell processors=$$(nproc); echo $$((processors < 4 ? processors : 4)))
# A file of tests waits for a third of its time: for a page, a window, the end of a process. One more than there are
# processors uses that.
WORKERS ?= $(shell echo $$(($(PROCESSORS) + 1)))
DEMO ?= demo-work
ENGINE ?= $(shell command -v podman || command -v docker)
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' casa_desktop/__init__.py)
IMAGE ?= casa-desktop:$(VERSION)
BUILD_ARGS ?=
SIF ?= build/casa-desktop.sif
# Smaller than by gzip, which Apptainer takes by itself, and sooner: 22 s on two cores. Where Apptainer mounts by the
# kernel of an old system (Enterprise Linux 7), gzip it must be: SIF_OPTIONS=
SIF_OPTIONS ?= --mksquashfs-args "-comp zstd -Xcompression-level 3"

# Where this is set, each of the thousands of processes that the tests start would compile our modules, and each worker
# all tests.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

# The X server, the window manager, a terminal, and what CASA's AppImages take from the system: fonts, and glib
# and uuid with them. Kernels have a network of their own, in which nobody reaches CASA's ports: passt brings their way
# out of it, and bubblewrap makes it where AppArmor lets no other program.
DEBIAN_RUN := tigervnc-standalone-server icewm xterm fonts-dejavu-core fontconfig bubblewrap passt

# What a new install must follow: the metadata, the drop-ins, and everything the front end is built from.
SOURCES := pyproject.toml hatch_build.py \
	$(shell find jupyter_config -type f) \
	$(shell find casa_desktop/labextension -type f \
		-not -path '*/node_modules/*' -not -path '*/lib/*' -not -path '*/dist/*' -not -path '*/.*' \
		-not -name '*.tsbuildinfo')

# Defines `need PACKAGE…`, which installs the Debian packages that are missing, or says which are and fails.
# apt-get update runs only then: it takes longer than all the rest of a set-up that is complete.
define need
need() {
	local name missing=()
	if ! command -v dpkg-query >/dev/null; then
		for name in Xvnc icewm; do command -v "$$name" >/dev/null || missing+=("$$name"); done
		if [[ $${missing[*]-} ]]; then
			echo "This is no Debian or Ubuntu: please install $${missing[*]} by this system's own means and try again." >&2
			exit 1
		fi
		return
	fi
	for name in "$$@"; do
		[[ " $$(dpkg-query -W -f '$${db:Status-Status} ' "$$name" 2>/dev/null || true)" == *" installed "* ]] || missing+=("$$name")
	done
	[[ $${missing[*]-} ]] || return 0
	local admin=()
	if (( EUID != 0 )); then
		if sudo -n true 2>/dev/null; then admin=(sudo -n)
		elif [[ -t 0 ]] && command -v sudo >/dev/null; then admin=(sudo)
		else
			echo "Missing Debian packages, and no right to install them: please have somebody run 'apt-get install $${missing[*]}' as root." >&2
			exit 1
		fi
	fi
	echo "Installing Debian packages: $${missing[*]}"
	"$${admin[@]}" apt-get update -q
	"$${admin[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$${missing[@]}"
}
endef

# Defines `need_tk PYTHON`: figures' windows are made with Tk, which Debian packs apart from its own Python. Any other
# Python has it or has it not; the kernel tells, and does everything else without.
define need_tk
need_tk() {
	[[ "$$(readlink -f "$$(command -v "$$1")")" != /usr/bin/* ]] || "$$1" -c 'import _tkinter' 2>/dev/null || (need python3-tk) || true
}
endef

# Defines `pick_python`, which prints the interpreter to use, if there is one.
define pick_python
fits() { "$$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
pick_python() {
	local name
	for name in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.10); do
		if fits "$$name"; then echo "$$name"; return; fi
	done
}
endef

# Defines `pip_install EXTRAS`: one pip, and then all processors for what pip does on one: to compile what it has installed.
# Some packages bring templates and files for other Pythons that do not compile; pip passes over them, too.
define pip_install
pip_install() {
	"$(BIN)/python" -m pip install --no-compile -e ".[$$1]"
	"$(BIN)/python" -m compileall -q -q -j 0 $(VENV)/lib || true
}
endef

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: install
install: $(VENV)/.installed-run ## set everything up in .venv, and the Debian packages where they are missing

.PHONY: run
run: $(VENV)/.installed-run debian-run ## open JupyterLab with the demo notebook; ARGS="--no-browser --port=8899"
	@mkdir -p "$(DEMO)"
	# The user's own, changed notebook is never written over.
	if [[ ! -e "$(DEMO)/first-light.ipynb" ]]; then
		cp casa_desktop/demo/first-light.ipynb "$(DEMO)/"
		chmod u+w "$(DEMO)/first-light.ipynb"
	fi
	cd "$(DEMO)"
	# JupyterLab refuses to run as root (the usual user of a container) unless it is told to.
	root=()
	if (( EUID == 0 )); then root=(--allow-root); fi
	PATH="$(BIN):$$PATH" exec "$(BIN)/jupyter" lab "$${root[@]}" first-light.ipynb $(ARGS)

.PHONY: check
check: $(VENV)/.installed-dev debian-run ## lint, types, the front end, and the tests that need neither CASA nor a browser
	@"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	# mypy works on one processor. What it says comes last, where it is seen.
	types=$$(mktemp)
	trap 'rm -f "$$types"' EXIT
	"$(BIN)/mypy" >"$$types" 2>&1 &
	status=0
	PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest --quick -n $(WORKERS) $(ARGS) || status=$$?
	wait $$! || status=$$?
	cat "$$types"
	exit $$status

.PHONY: test
test: $(VENV)/.installed-test debian-test ## run the tests, but for images, other releases and long lives; ARGS="-k tclean -x"
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest -n $(WORKERS) $(ARGS)

.PHONY: ready
ready: $(VENV)/.installed-test debian-test ## set up what the tests need; with -j 2, Python's packages and Debian's at a time

.PHONY: test-all
test-all: $(VENV)/.installed-test debian-test debian-matrix debian-container ## run all tests, with fresh chaos, and coverage; hours
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest -n $(WORKERS) -m "" --long --rounds=1000 --chaos-fresh=$$RANDOM \
		--hypothesis-profile=thorough --cov --cov-report=term-missing:skip-covered $(ARGS)

.PHONY: flaky
flaky: $(VENV)/.installed-test debian-test ## run the tests five times on busy processors; ARGS="--runs 10 tests/kernel"
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m tests.runner.flaky -n $(WORKERS) $(ARGS)

.PHONY: chaos
chaos: $(VENV)/.installed-test debian-test ## kill, stop and starve parts while notebooks work; ARGS="--rounds 1000"
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest --timeout=0 tests/chaos $(ARGS)

.PHONY: matrix
matrix: $(VENV)/.installed-test debian-test debian-matrix ## run the kernel's tests with CASA 6.4 to 6.7.6, each under its Python, if found here
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest -m matrix $(ARGS)

.PHONY: bench
bench: $(VENV)/.installed-test debian-test debian-bench ## compare with stock CASA and the other desktop on this machine; ARGS="imview -n 10" or ARGS=--help
	@"$(BIN)/python" -m tests.benchmarks $(ARGS)

.PHONY: screenshots
screenshots: $(VENV)/.installed-test debian-test ## take the README's pictures anew, into docs/
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest tests/system/take_screenshots.py $(ARGS)

.PHONY: image
image: ## build the image of container/Dockerfile, and put its SBOM into dist/
	@if [[ -z "$(ENGINE)" ]]; then
		echo "Neither podman nor docker was found: please install one, or name one with ENGINE=." >&2
		exit 1
	fi
	# Podman's own format has no health check.
	format=()
	if "$(ENGINE)" --version | grep -q -i podman; then format=(--format=docker); fi
	revision=$$(git rev-parse HEAD 2>/dev/null || true)
	"$(ENGINE)" build "$${format[@]}" --file container/Dockerfile --tag "$(IMAGE)" --build-arg VERSION="$(VERSION)" \
		--label org.opencontainers.image.revision="$$revision" $(BUILD_ARGS) .
	mkdir -p dist
	"$(ENGINE)" run --rm --network=none "$(IMAGE)" cat /usr/share/casa-desktop/sbom.cdx.json > dist/casa-desktop.cdx.json

.PHONY: sif
sif: ## make of the image (IMAGE=name) one for Apptainer, SIF=file; up to 5 GB in TMPDIR or /var/tmp meanwhile
	@if [[ -z "$(ENGINE)" ]]; then
		echo "Neither podman nor docker was found: please install one, or name one with ENGINE=." >&2
		exit 1
	fi
	apptainer=$$(command -v apptainer singularity | head -n 1 || true)
	if [[ -z "$$apptainer" ]]; then
		echo "Neither apptainer nor singularity is on PATH: see https://apptainer.org/docs/admin/latest/installation.html" >&2
		exit 1
	fi
	id=$$("$(ENGINE)" image inspect --format '{{.Id}}' "$(IMAGE)") || { echo "There is no image $(IMAGE) yet: 'make image' builds it." >&2; exit 1; }
	# Of which image the file was made.
	mark="$(SIF).image"
	if [[ "$(SIF)" -nt container/casa.def && "$$(cat "$$mark" 2>/dev/null || true)" == "$$id" ]]; then
		echo "$(SIF) is made of $(IMAGE) as it is now."
		exit 0
	fi
	mkdir -p "$$(dirname "$(SIF)")"
	# Often /tmp is memory.
	work=$$(mktemp -d "$${TMPDIR:-/var/tmp}/casa-desktop-sif-XXXXXX")
	trap 'rm -rf "$$work"' EXIT
	"$(ENGINE)" save -o "$$work/image.tar" "$(IMAGE)"
	rm -f "$$mark"
	# What it would keep of the image in the home, 1.3 GB, no other image asks for.
	export APPTAINER_TMPDIR="$$work" SINGULARITY_TMPDIR="$$work" APPTAINER_DISABLE_CACHE=true SINGULARITY_DISABLE_CACHE=true
	"$$apptainer" build --force $(SIF_OPTIONS) \
		--build-arg from="$$work/image.tar" --build-arg image="$(IMAGE) $$id" "$(SIF)" container/casa.def
	echo "$$id" > "$$mark"

.PHONY: test-image
test-image: $(VENV)/.installed-test debian-test debian-container ## build the image and test it with Podman; ARGS="-k lab"
	@PATH="$(BIN):$$PATH" "$(BIN)/python" -m pytest -m container tests/container $(ARGS)

.PHONY: lock
lock: $(VENV)/.installed-dev ## pin what goes into the image anew
	@export UV_NO_PROGRESS=1
	compile() { "$(BIN)/uv" pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --no-annotate "$$@"; }
	for pair in 3.11/6.7.0.31 3.12/6.7.5.18 3.13/6.7.6.14; do
		compile pyproject.toml --extra casa --extra lab --extra image --python-platform x86_64-manylinux_2_28 \
			--python-version "$${pair%/*}" --output-file "container/locks/casa-$${pair#*/}-python$${pair%/*}.txt"
	done
	compile container/build-requirements.in --universal --python-version 3.10 --output-file container/locks/build.txt

.PHONY: lint
lint: $(VENV)/.installed-dev ## check style and types
	@"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"

.PHONY: clean
clean: ## remove .venv and what builds and tests leave behind; the demo's folder stays
	@rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache .coverage* build dist

.PHONY: debian-run
debian-run:
	@$(need)
	$(need_tk)
	need $(DEBIAN_RUN)
	# A virtual environment of an earlier time.
	if [[ -x "$(BIN)/python" ]] && command -v dpkg-query >/dev/null; then need_tk "$(BIN)/python"; fi

.PHONY: debian-test
debian-test: debian-run
	@$(need)
	# Playwright brings a Node of its own, which wants libatomic; xclip copies and pastes on the desktop;
	# libfaketime lets a day pass in half a minute; locales has the sources of a German one; strace tells what tasks
	# open and write; on Xvfb draw the tools of CASA 6.4 to 6.6.0, which are of Qt 4.
	packages=(libatomic1 xclip libfaketime locales strace xvfb)
	# Ubuntu has Chromium as a snap only, which sees no files below /tmp; any Chrome that is there will do.
	browser=$$(command -v chromium google-chrome google-chrome-stable || true)
	[[ -n "$$browser" ]] || packages+=(chromium)
	[[ -n "$$(command -v firefox-esr firefox || true)" ]] || packages+=(firefox-esr)
	# A kernel over MPI is started by mpirun.
	packages+=(openmpi-bin)
	# Slurm of one node, which the tests start by themselves.
	packages+=(slurm-wlm munge)
	# The app for Open OnDemand is written in ERB.
	packages+=(ruby)
	# The disks on which results are put back.
	packages+=(e2fsprogs xfsprogs btrfs-progs)
	need "$${packages[@]}"

.PHONY: debian-bench
debian-bench:
	@$(need)
	# Stock CASA's AppImages mount themselves; ours are unpacked and need none of this. fuse3 brings a fusermount, too,
	# and is in the way of fuse.
	packages=(libfuse2)
	command -v fusermount >/dev/null || packages+=(fuse)
	need "$${packages[@]}"
	# The last peer, which not every system has. Without the two that it recommends it shows nothing.
	(need xpra python3-lz4 python3-pil) || true

.PHONY: debian-matrix
debian-matrix:
	@$(need)
	# The AppImages of CASA 6.4 to 6.6.0 begin with a script in Perl.
	need perl

.PHONY: debian-container
debian-container:
	@$(need)
	# Podman with what it takes to build and run where there is neither systemd nor a second version of control groups;
	# and what makes a base image of Debian's packages.
	# catatonit is the first process of a pod.
	need podman catatonit buildah runc mmdebstrap uidmap fuse-overlayfs slirp4netns netavark aardvark-dns iptables

$(VENV)/bin/python: | debian-run
	@$(need)
	$(pick_python)
	python=$$(pick_python)
	if [[ -z "$$python" && -z "$(PYTHON)" ]] && command -v dpkg-query >/dev/null; then
		need python3 python3-venv
		python=$$(pick_python)
	fi
	if [[ -z "$$python" ]]; then
		echo "No Python 3.10 to 3.13 was found as $(or $(PYTHON),python3 or python3.13 to python3.10): please install one, or name one with PYTHON=." >&2
		exit 1
	fi
	# Debian's own Python comes without the module that puts pip into a new environment.
	if ! "$$python" -c 'import ensurepip' 2>/dev/null; then
		need "python$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
	fi
	$(need_tk)
	if command -v dpkg-query >/dev/null; then need_tk "$$python"; fi
	"$$python" -m venv --clear "$(VENV)"

# One pip run serves every target whose packages it includes, so that `make run` after `make test` installs nothing.
$(VENV)/.installed-run: $(SOURCES) | $(VENV)/bin/python
	@$(pip_install)
	pip_install casa,lab
	"$(BIN)/python" -m casa_kernel.casa.kernelspec
	touch "$@"

$(VENV)/.installed-test: $(SOURCES) | $(VENV)/bin/python
	@$(pip_install)
	pip_install test
	"$(BIN)/python" -m casa_kernel.casa.kernelspec
	touch "$(VENV)/.installed-run" "$@"

$(VENV)/.installed-dev: $(SOURCES) | $(VENV)/bin/python
	@$(pip_install)
	pip_install dev
	"$(BIN)/python" -m casa_kernel.casa.kernelspec
	touch "$(VENV)/.installed-run" "$(VENV)/.installed-test" "$@"
