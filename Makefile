# On a machine with Swift and apt, make demo and make test need nothing else. make help lists all.

PREFIX ?= /usr/local
DESTDIR ?=

PACKAGES := pkg-config libsndfile1-dev libmpg123-dev libflac-dev libvorbis-dev libopus-dev \
            libfftw3-dev libdnnl-dev libzip-dev libssl-dev libcairo2-dev libpng-dev fonts-dejavu-core
TEST_PACKAGES := mandoc chromium
DEB_PACKAGES := dpkg-dev

SWIFT_BUILD := swift build -c release
BINARY := .build/release/piq-audio
# The installed program has Swift's own libraries linked in. That needs other objects than the tests
# (swift-testing has no static library), hence another build folder.
INSTALLED := .build/install/release/piq-audio
SOURCES := Package.swift $(shell find Sources -type f)
SWIFT_FILES := Package.swift Sources Tests
PAGE_SCRIPTS := $(wildcard Sources/PIQReport/Resources/*.js)

BIN := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share
COMPLETIONS := bash:bash-completion/completions/piq-audio zsh:zsh/site-functions/_piq-audio \
               fish:fish/vendor_completions.d/piq-audio.fish

# For make test-onednn3.
ONEDNN3 := .build/onednn3
WITH_ONEDNN3 := -c release --scratch-path $(ONEDNN3)/build \
                -Xcc "-I$(abspath $(ONEDNN3)/include)" -Xlinker "-rpath=$(abspath $(ONEDNN3)/lib)"
ONEDNN_TESTS := 'OneDNN|NeuralNetwork|Layer|Gradient|Reference|Doubling|DecoderLevel|BundledModel'

# What will run imported networks; the program looks for it in the build folder.
OPENVINO := .build/openvino

# For make fuzz: the targets, and how many seconds each is searched.
FUZZ ?= $(notdir $(patsubst %/,%,$(wildcard Fixtures/fuzz/*/)))
SECONDS ?= 60
FUZZER := .build/fuzz/release/fuzzer

TRAPPING := -c release --scratch-path .build/test-ubsan \
            -Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
SANITIZED = -c release --scratch-path .build/$@ --sanitize

.PHONY: build demo test openvino test-yamnet test-onednn3 test-asan test-tsan test-ubsan check fuzz parity deps test-deps deb \
        install uninstall model fixtures format lint benchmark clean help

build: deps ## install what is missing and build the program (default)
	$(SWIFT_BUILD) --product piq-audio

demo: build ## interpret a clip that ships with the project
	$(BINARY) interpret --output-dir interpretation Fixtures/clips/dog_bark.flac
	@echo
	@echo 'Look at    interpretation/dog_bark.interpretation.png'
	@echo 'Listen to  interpretation/dog_bark.interpretation.wav'
	@echo 'Compare    Fixtures/clips/dog_bark.flac'

# Without a network the tests of imported networks fail, and say that OpenVINO is missing.
test: test-deps ## build and run all tests; fetches OpenVINO for them
	-@$(MAKE) --no-print-directory openvino
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --disable-xctest

openvino: ## fetch OpenVINO, which runs ONNX and TFLite files, from PyPI (59 MB, once)
	@test -d $(OPENVINO)/lib || { \
	  $(if $(SKIP_DEPS),,python3 -m pip --version >/dev/null 2>&1 || \
	    contrib/install-packages python3-pip;) \
	  contrib/openvino/fetch $(OPENVINO); }

# YAMNET has yamnet.onnx, yamnet.tflite, their class map and scores; ESC10 has clips.csv and audio.
ESC10 ?= $(if $(YAMNET),$(YAMNET)/../../esc10)
test-yamnet: export PIQ_AUDIO_YAMNET := $(abspath $(YAMNET))
test-yamnet: export PIQ_AUDIO_ESC10 := $(abspath $(ESC10))
test-yamnet: test-deps openvino ## compare imported YAMNet with its known scores (YAMNET=DIR ESC10=DIR)
	@test -n '$(YAMNET)' || { echo 'name the folder of YAMNet: make test-yamnet YAMNET=DIR' >&2; exit 2; }
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --disable-xctest --filter YAMNetTests

test-onednn3: export PKG_CONFIG_PATH := $(abspath $(ONEDNN3)/pkgconfig):$(PKG_CONFIG_PATH)
test-onednn3: test-deps $(ONEDNN3)/lib ## run the tests of the networks with oneDNN 3, from PyPI
	swift build $(WITH_ONEDNN3) --build-tests
	swift test $(WITH_ONEDNN3) --skip-build --disable-xctest --filter $(ONEDNN_TESTS)

$(ONEDNN3)/lib: contrib/onednn3/fetch contrib/onednn3/requirements.txt
	contrib/onednn3/fetch $(ONEDNN3)
	@touch "$@"

# A sanitizer reserves terabytes of addresses: tests that limit them (ulimit -v) are left out.
LIMITS := LimitTests.*memory|ImageMemoryTests

# Leaks are not searched for: LeakSanitizer does not know Swift's tagged references, and fontconfig
# never frees its caches.
DLOPEN := .build/sanitizers/dlopen.o
test-asan: export ASAN_OPTIONS := detect_leaks=0:suppressions=$(abspath Tests/Sanitizers/address.supp)
test-asan: SANITIZED += address -Xlinker $(abspath $(DLOPEN))
test-asan: test-deps $(DLOPEN) ## run all tests with AddressSanitizer
	swift build $(SANITIZED) --build-tests
	swift test $(SANITIZED) --skip-build --disable-xctest --skip '$(LIMITS)'

# ThreadSanitizer does not work with limits on file sizes (ulimit -f) either.
MUTEX := .build/test-tsan/mutex.o
test-tsan: SANITIZED += thread -Xlinker $(abspath $(MUTEX)) -Xlinker $(abspath $(DLOPEN))
test-tsan: export TSAN_OPTIONS := suppressions=$(abspath Tests/Sanitizers/thread.supp)
test-tsan: test-deps $(MUTEX) $(DLOPEN) ## run all tests with ThreadSanitizer
	swift build $(SANITIZED) --build-tests
	swift test $(SANITIZED) --skip-build --disable-xctest \
	  --skip 'fileSizeLimit|ReportCommandTests.*aFullDisk|$(LIMITS)'

$(MUTEX): Tests/Sanitizers/mutex.c
$(DLOPEN): Tests/Sanitizers/dlopen.c
$(MUTEX) $(DLOPEN):
	@mkdir -p $(@D)
	$(dir $(realpath $(shell command -v swift)))clang -O1 -fPIC -c $< -o $@

# For the parts in C: Swift has no undefined behaviour outside unsafe code, and no such sanitizer on
# Linux. The parts in C stop at the first fault.
test-ubsan: test-deps ## run all tests with UndefinedBehaviorSanitizer, for the parts in C
	swift build $(TRAPPING) --build-tests
	swift test $(TRAPPING) --skip-build --disable-xctest

check: ## run all that make test is too short for, and print a table (STEPS='asan tsan', FUZZ_SECONDS=600)
	contrib/check $(STEPS)

fuzz: export PIQ_AUDIO_FUZZER := 1
fuzz: deps ## look for faults in what reads files (FUZZ='pickle csv' SECONDS=3600)
	$(SWIFT_BUILD) --scratch-path .build/fuzz --sanitize fuzzer --product fuzzer
	contrib/fuzz $(FUZZER) $(SECONDS) $(FUZZ)

parity: deps ## compare with SpeechBrain, case by case; PIQ_REFERENCE_DIR names other cases
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --disable-xctest --filter ReferenceTests

deps: ## install missing system packages through apt (SKIP_DEPS=1: don't)
	@command -v swift >/dev/null || { \
	  echo 'swift: not found; install Swift 6.1 or later: https://www.swift.org/install' >&2; \
	  exit 1; }
	$(if $(SKIP_DEPS),,@contrib/install-packages $(PACKAGES))

test-deps: deps
	$(if $(SKIP_DEPS),,@contrib/install-packages $(TEST_PACKAGES))

$(INSTALLED): $(SOURCES) | deps
	$(SWIFT_BUILD) --product piq-audio --static-swift-stdlib --disable-local-rpath \
	  -Xlinker -s --scratch-path .build/install
	@touch "$@"

install: $(INSTALLED) ## install below PREFIX (/usr/local), inside DESTDIR where that is given
	install -d "$(BIN)" "$(SHARE)/piq-audio/model" "$(SHARE)/man/man1"
	install -m 755 $(INSTALLED) "$(BIN)/piq-audio"
	install -m 644 Fixtures/models/esc10/model.json Fixtures/models/esc10/model.safetensors \
	  "$(SHARE)/piq-audio/model"
	install -m 644 man/piq-audio.1 "$(SHARE)/man/man1"
	for completion in $(COMPLETIONS); do \
	  file="$(SHARE)/$${completion#*:}"; \
	  install -d "$$(dirname "$$file")" && \
	  $(INSTALLED) --generate-completion-script "$${completion%%:*}" > "$$file" || exit 1; \
	done

uninstall: ## remove what install wrote, given the same PREFIX and DESTDIR
	rm -rf "$(SHARE)/piq-audio"
	rm -f "$(BIN)/piq-audio" "$(SHARE)/man/man1/piq-audio.1"
	for completion in $(COMPLETIONS); do rm -f "$(SHARE)/$${completion#*:}"; done

deb: $(INSTALLED) ## make a Debian package of the program, its model and its manual
	$(if $(SKIP_DEPS),,@contrib/install-packages $(DEB_PACKAGES))
	contrib/debian/build-package $(INSTALLED) .build/debian

model: build ## train the bundled model anew, and put it into Fixtures (ESC10=DIR TEACHER=DIR)
	$(if $(TEACHER),$(MAKE) --no-print-directory openvino)
	@contrib/train-model $(abspath $(BINARY)) '$(ESC10)' '$(TEACHER)'

fixtures: build ## regenerate the expected interpretations with the program itself
	PIQ_AUDIO=$(BINARY) Fixtures/scripts/make_expected.sh

format: ## format all Swift files
	swift format --in-place --recursive $(SWIFT_FILES)

lint: ## report what swift-format would change or dislikes, and errors in the page's scripts
	swift format lint --strict --recursive $(SWIFT_FILES)
	@command -v node >/dev/null || { echo 'node: not found; the scripts are not checked'; exit 0; }; \
	for script in $(PAGE_SCRIPTS); do node --check "$$script" || exit 1; done

benchmark: build ## time the program beside SpeechBrain and ONNX Runtime
	Benchmarks/run

clean: ## remove all that was built
	rm -rf .build interpretation

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
