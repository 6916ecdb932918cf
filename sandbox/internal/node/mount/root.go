package mount

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"

	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/podenv"
)

// Root is where a container's mounts are.
type Root struct {
	Dir string
	Rewriter
}

// Root links the mounts of container below its own root. Containers of a pod have
// one each, since they may mount different volumes at the same path.
func (v *Volumes) Root(container *corev1.Container, lookup func(string) (string, bool)) (Root, error) {
	dir := filepath.Join(v.dir, "root", container.Name)
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o755); err != nil {
		return Root{}, err
	}
	mounts := append([]corev1.VolumeMount{}, container.VolumeMounts...)
	// Outer paths first: /data before /data/conf.
	sort.SliceStable(mounts, func(i, j int) bool { return len(mounts[i].MountPath) < len(mounts[j].MountPath) })
	paths := make([]string, 0, len(mounts))
	for _, mount := range mounts {
		paths = append(paths, mount.MountPath)
		if err := v.link(dir, mount, lookup); err != nil {
			return Root{}, fmt.Errorf("mounting volume %q at %s: %w", mount.Name, mount.MountPath, err)
		}
	}
	return Root{Dir: dir, Rewriter: NewRewriter(dir, v.dir, paths)}, nil
}

func (v *Volumes) link(root string, mount corev1.VolumeMount, lookup func(string) (string, bool)) error {
	target := v.Path(mount.Name)
	inside := mount.SubPath
	if mount.SubPathExpr != "" {
		inside = podenv.Expand(mount.SubPathExpr, lookup)
	}
	if inside != "" {
		if !filepath.IsLocal(inside) {
			return fmt.Errorf("sub-path %q leaves the volume", inside)
		}
		target = filepath.Join(target, inside)
		if _, err := os.Stat(target); err != nil {
			if err := os.MkdirAll(target, 0o755); err != nil {
				return err
			}
		}
	}
	return relink(target, filepath.Join(root, filepath.Clean("/"+mount.MountPath)))
}

// WorkingDir is the directory that stands for dir in the container: below a mount
// or, for any other, in its root, made if need be. Empty is the root itself.
func (r Root) WorkingDir(dir string) (string, error) {
	if dir == "" {
		return r.Dir, nil
	}
	if rewritten := r.Rewrite(dir); rewritten != dir {
		return rewritten, nil
	}
	inside := filepath.Join(r.Dir, filepath.Clean("/"+dir))
	if err := os.MkdirAll(inside, 0o755); err != nil {
		return "", fmt.Errorf("making working directory %s: %w", dir, err)
	}
	return inside, nil
}
