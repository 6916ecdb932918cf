# ShopSet. `make help` lists the targets.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

KUBECTL ?= kubectl
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# How many compilers run at once.
JOBS    ?= 2

# Every Go module that has tests. Each has its own go.mod so that nobody who imports the
# product gets the dependencies of the edge, the sandbox or the tools.
MODULES := . edge sandbox examples/storefront
BIN     := $(CURDIR)/bin
GOBUILD := go build -p $(JOBS)

# Everything is pure Go. One setting for building, testing and linting also means that what one
# of them has compiled serves the others.
export CGO_ENABLED := 0

# The real kube-apiserver and etcd that tests run against.
export KUBEBUILDER_ASSETS := $(BIN)/sandbox-parts

say = @printf '\033[1m==>\033[0m %s\n' "$(1)"

##@ Use

.PHONY: demo
demo: build ## Show the whole system at work on this machine: a release that climbs, shoppers while clusters fail.
	$(call say,the demo)
	$(BIN)/shopset-demo $(DEMO_ARGS)

.PHONY: sandbox-up
sandbox-up: build ## Start the sandbox and leave it running.
	$(BIN)/shopset-sandbox up $(SANDBOX_ARGS)

.PHONY: sandbox-down
sandbox-down: bin/shopset-sandbox ## Stop the sandbox.
	$(BIN)/shopset-sandbox down $(SANDBOX_ARGS)

.PHONY: install
install: ## Install the kinds and the controller on the cluster of $KUBECONFIG.
	$(KUBECTL) apply --server-side --force-conflicts -k config

.PHONY: image
image: bin/shopset-controller ## Build the controller for an image, and print how to make the image.
	@printf '%s\n' "docker build -t <registry>/shopset-controller:$(VERSION) -f config/image/Dockerfile bin" \
		"docker push <registry>/shopset-controller:$(VERSION)"

##@ Develop

.PHONY: build
build: bin/shopset-controller bin/shopctl bin/shopset-edge bin/shopset-sandbox bin/shopset-demo bin/storefront sandbox-parts ## Build every program into bin/.

.PHONY: test
test: sandbox-parts ## Test all modules, against real API servers, Git and Argo CD.
	$(call say,testing $(MODULES))
	go build -o $(BIN)/gotest ./hack/gotest
	$(BIN)/gotest $(MODULES)

.PHONY: verify
verify: bin/golangci-lint verify-generated ## Check everything that needs no running: generated code, format, vet, linters, modules, links, sizes.
	$(call say,format)
	@unformatted=$$(gofmt -l $(GOFILES)); if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(call say,links and sizes)
	go run ./hack/treecheck
	@for module in $(MODULES); do \
		printf '\033[1m==>\033[0m %s\n' "module $$module: go.mod is tidy"; (cd $$module && go mod tidy -diff); \
		printf '\033[1m==>\033[0m %s\n' "module $$module: go vet"; (cd $$module && go vet ./...); \
	done
	@$(MAKE) --no-print-directory lint

.PHONY: lint
lint: bin/golangci-lint ## Run the linters on all modules.
	@for module in $(MODULES); do \
		printf '\033[1m==>\033[0m %s\n' "module $$module: golangci-lint"; \
		(cd $$module && $(BIN)/golangci-lint run --allow-parallel-runners --config $(CURDIR)/.golangci.yml --concurrency $(JOBS) ./...); \
	done

.PHONY: fmt
fmt: ## Format all Go files.
	gofmt -w $(GOFILES)

.PHONY: generate
generate: bin/controller-gen ## Write the generated code and the CRDs anew.
	$(BIN)/controller-gen object paths=./api/...
	$(BIN)/controller-gen crd paths=./api/... output:crd:dir=config/crd

# Into a folder of its own and compared, so that checking never changes the tree.
.PHONY: verify-generated
verify-generated: bin/controller-gen
	$(call say,generated code is up to date)
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && mkdir "$$fresh/crd" && \
	$(BIN)/controller-gen object paths=./api/... output:object:dir="$$fresh" && \
	$(BIN)/controller-gen crd paths=./api/... output:crd:dir="$$fresh/crd" && \
	diff -u api/v1alpha1/zz_generated.deepcopy.go "$$fresh/zz_generated.deepcopy.go" && \
	diff -u --exclude=kustomization.yaml --exclude='*.go' config/crd "$$fresh/crd" || { echo "run make generate"; exit 1; }

.PHONY: bench
bench: ## Run the benchmarks.
	@for module in $(MODULES); do (cd $$module && go test -run '^$$' -bench . -benchmem ./...); done

.PHONY: clean
clean: ## Remove what was built. The Go caches stay.
	rm -rf $(BIN) .cache

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- programs ---------------------------------------------------------------------------------
# The Go command knows best what is out of date, so programs are always offered to it.

GOFILES = $(shell find . -name '*.go' -not -path './.cache/*' -not -path './bin/*' -not -path './.sandbox/*')

.PHONY: bin/shopset-controller bin/shopctl bin/shopset-edge bin/shopset-sandbox bin/shopset-demo bin/storefront

bin/shopset-controller bin/shopctl: bin/%:
	$(call say,building $*)
	$(GOBUILD) -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/$* ./cmd/$*

bin/shopset-edge: bin/%:
	$(call say,building $*)
	cd edge && $(GOBUILD) -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/$* ./cmd/$*

bin/shopset-sandbox bin/shopset-demo: bin/%:
	$(call say,building $*)
	cd sandbox && $(GOBUILD) -ldflags '-s -w' -o $(BIN)/$* ./cmd/$*

bin/storefront:
	$(call say,building storefront)
	cd examples/storefront && $(GOBUILD) -ldflags '-s -w' -o $(BIN)/storefront .

# etcd, Kubernetes, kubectl, kustomize and Argo CD. Minutes the first time, nothing afterwards.
.PHONY: sandbox-parts
sandbox-parts:
	@GOBUILD_P=$(JOBS) sandbox/build.sh

# --- pinned tools -----------------------------------------------------------------------------

bin/controller-gen: tools/go.mod tools/go.sum
	$(call say,building controller-gen)
	cd tools && $(GOBUILD) -o $(BIN)/controller-gen sigs.k8s.io/controller-tools/cmd/controller-gen

bin/golangci-lint: tools/go.mod tools/go.sum
	$(call say,building golangci-lint (minutes the first time))
	cd tools && $(GOBUILD) -o $(BIN)/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
