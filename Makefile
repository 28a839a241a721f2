# Two commands: `make demo` shows Qushu with a demo district, `make test` proves it. Both install what is missing.
.DEFAULT_GOAL := build
JOBS ?= $(shell nproc)

.PHONY: deps deps-test build demo test unit lint tidy format bench fuzz deb clean

deps:            ## what building and running needs
	@scripts/install-deps build

deps-test:       ## what testing needs besides
	@scripts/install-deps build test

build: deps      ## build/qushu
	@mkdir -p build
	@test -f build/release/build.ninja || cmake --preset release
	@cmake --build --preset release --target qushu -j $(JOBS)
	@ln -sfn release/src/app/qushu build/qushu

demo: build      ## a demo district on http://127.0.0.1:8080
	@scripts/fetch-reference build/deps/china-division
	@build/qushu demo --data demo-data --reference build/deps/china-division

test: deps-test  ## everything; ends with "N passed, N failed"
	@/usr/bin/python3 scripts/test

unit: deps-test  ## unit tests only: make unit MODULE=store
	@/usr/bin/python3 scripts/test --only unit $(MODULE)

lint: deps-test
	@/usr/bin/python3 scripts/test --only lint

tidy: deps-test  ## clang-tidy on every file
	@/usr/bin/python3 scripts/test --only tidy $(MODULE)

format:
	@git ls-files '*.cpp' '*.h' | xargs clang-format-19 -i

bench: build     ## every benchmark, as ratios, into bench/RESULTS.md
	@scripts/install-deps build test bench
	@/usr/bin/python3 bench/run

fuzz: deps-test  ## each fuzz target for a minute
	@/usr/bin/python3 scripts/test --only fuzz --fuzz-seconds 60

deb: build       ## a Debian package in build/release
	@scripts/install-deps build package
	@cd build/release && cpack -G DEB

clean:
	@rm -rf build web/dist web/node_modules tests/browser/node_modules
