#!/usr/bin/env bash
# Builds the programs a sandbox is made of (etcd, Kubernetes, kubectl,
# kustomize, Argo CD) into <repository>/.cache/sandbox/<hash>/ and points
# <repository>/bin/sandbox-parts at them. The hash covers what decides the
# outcome: cmd/parts, this script, and the versions of the modules that go into
# them. Those take seconds to list, so what they came to is kept by a hash of
# go.mod and go.sum: a second run costs nothing, and a new dependency of the rest
# of the module rebuilds nothing. The first build takes minutes on a cold Go
# build cache; it prints how far it is every few seconds.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
cd "$here"

mkdir -p "$root/bin" "$root/.cache/sandbox"

# modules lists what the parts are made of, with its versions.
modules() {
	go list -m -f '{{.Path}} {{.GoVersion}}'
	CGO_ENABLED=0 go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{with .Replace}} => {{.Path}} {{.Version}}{{end}}{{end}}{{end}}' ./cmd/parts | sort -u
}
digest() { sha256sum | cut -c1-16; }

known=$root/.cache/sandbox/known-$(cat go.mod go.sum cmd/parts/*.go build.sh | digest)
if [ ! -e "$known" ]; then
	{ modules && cat cmd/parts/*.go build.sh; } | digest >"$known.$$"
	mv "$known.$$" "$known"
fi
hash=$(cat "$known")
home=$root/.cache/sandbox/$hash

point() {
	ln -sfn "../.cache/sandbox/$hash/bin" "$root/bin/sandbox-parts"
}

if [ -e "$home/complete" ]; then
	point
	exit 0
fi

work=$root/.cache/sandbox/.building-$hash-$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin/argocd-manifests"
echo "sandbox-parts: building etcd, Kubernetes and Argo CD from their Go modules (minutes, once)"

version() { go list -m -f '{{.Version}}' "$1"; }
kubernetes=$(version k8s.io/kubernetes) # v1.36.3
minor=${kubernetes#v1.}
flags="-s -w -X github.com/argoproj/argo-cd/v3/common.version=$(version github.com/argoproj/argo-cd/v3 | cut -c2-)"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	flags+=" -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
done

start=$SECONDS
CGO_ENABLED=0 go build -p "${GOBUILD_P:-2}" -v -ldflags "$flags" -o "$work/parts" ./cmd/parts 2>"$work/log" &
build=$!
ticks=0
while kill -0 "$build" 2>/dev/null; do
	sleep 1
	ticks=$((ticks + 1))
	if [ $((ticks % 10)) -eq 0 ]; then
		echo "sandbox-parts: $((SECONDS - start)) s, $(wc -l <"$work/log") packages compiled"
	fi
done
if ! wait "$build"; then
	tail -n 40 "$work/log" >&2
	exit 1
fi

for part in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kustomize \
	argocd argocd-application-controller argocd-repo-server; do
	ln -s ../parts "$work/bin/$part"
done

# Argo CD's own files come from its module; none is kept in this repository.
argocd=$(go list -m -f '{{.Dir}}' github.com/argoproj/argo-cd/v3)
install -m 0755 "$argocd/hack/git-verify-wrapper.sh" "$work/bin/git-verify-wrapper.sh"
for file in "$argocd"/manifests/crds/*-crd.yaml "$argocd"/manifests/base/config/argocd-*.yaml; do
	install -m 0644 "$file" "$work/bin/argocd-manifests/"
done

rm -f "$work/log"
touch "$work/complete"
if [ ! -e "$home/complete" ]; then # else another build of the same was faster
	rm -rf "$home"
	mv "$work" "$home"
fi
point
# What earlier versions left, 170 MB each.
find "$root/.cache/sandbox" -mindepth 1 -maxdepth 1 -mtime +7 ! -name "$hash" ! -path "$known" -exec rm -rf {} +
echo "sandbox-parts: built in $((SECONDS - start)) s"
