# The newest Podman and containerd that Debian has, in a root of their own: `conformance/newest/enter COMMAND...`.
.PHONY: newest
newest: all build/conformance/podman.mjs build/conformance/containerd.mjs  ## drive build/chos-runtime with Podman and containerd of Debian sid (root)
	conformance/newest/enter node build/conformance/podman.mjs --alone
	conformance/newest/enter node build/conformance/containerd.mjs
