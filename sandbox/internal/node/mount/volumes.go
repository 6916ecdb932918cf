// Package mount gives the processes of a pod their volumes without a file system
// of their own.
//
//	<pod dir>/volumes/<volume>            what a volume holds
//	<pod dir>/root/<container>/<path>     a link to it, where the container mounts it
//
// Since the process sees the machine's file system, the mount paths in its command,
// arguments and environment are rewritten to lie below its root.
package mount

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/podenv"
)

// Source reads what volumes are made of.
type Source interface {
	podenv.Source
	// ClaimPath is the directory of a bound PersistentVolumeClaim.
	ClaimPath(namespace, name string) (string, error)
	// Token issues a service account token for a pod.
	Token(ctx context.Context, pod *corev1.Pod, projection *corev1.ServiceAccountTokenProjection) (Token, error)
}

// Volumes are the volumes of one pod.
type Volumes struct {
	dir    string
	source Source
	facts  podenv.Facts

	mu        sync.Mutex
	published map[string]payload
	tokens    map[string]Token
}

// NewVolumes keeps the volumes of a pod in dir, the pod's own directory.
func NewVolumes(dir string, source Source, facts podenv.Facts) *Volumes {
	return &Volumes{dir: dir, source: source, facts: facts, published: map[string]payload{}, tokens: map[string]Token{}}
}

// Sync makes every volume show what it should now. It is cheap when nothing
// changed, and is called again and again: ConfigMaps and tokens change.
func (v *Volumes) Sync(ctx context.Context, pod *corev1.Pod) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		if err := v.sync(ctx, pod, volume); err != nil {
			return fmt.Errorf("mounting volume %q: %w", volume.Name, err)
		}
	}
	return nil
}

func (v *Volumes) sync(ctx context.Context, pod *corev1.Pod, volume *corev1.Volume) error {
	dir := filepath.Join(v.dir, "volumes", volume.Name)
	switch {
	case volume.PersistentVolumeClaim != nil:
		return v.linkClaim(dir, pod.Namespace, volume.PersistentVolumeClaim.ClaimName)
	case volume.Ephemeral != nil:
		return v.linkClaim(dir, pod.Namespace, pod.Name+"-"+volume.Name)
	case volume.HostPath != nil:
		return relink(volume.HostPath.Path, dir)
	}
	content, generated, err := v.content(ctx, pod, volume)
	if err != nil {
		return err
	}
	if !generated { // emptyDir, and kinds that only a real node can offer
		return os.MkdirAll(dir, 0o755)
	}
	if last, ok := v.published[volume.Name]; ok && last.equal(content) {
		return nil
	}
	if err := publish(dir, content); err != nil {
		return err
	}
	v.published[volume.Name] = content
	return nil
}

func (v *Volumes) linkClaim(dir, namespace, claim string) error {
	target, err := v.source.ClaimPath(namespace, claim)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	return relink(target, dir)
}

// Path is the directory of a volume.
func (v *Volumes) Path(volume string) string { return filepath.Join(v.dir, "volumes", volume) }

// relink makes link a symbolic link to target.
func relink(target, link string) error {
	if now, err := os.Readlink(link); err == nil && now == target {
		return nil
	}
	info, err := os.Lstat(link)
	if err == nil && info.Mode()&fs.ModeSymlink == 0 {
		// An empty directory, such as the root's own tmp, may be mounted over.
		if err := os.Remove(link); err != nil {
			return fmt.Errorf("linking %s: something else is there", link)
		}
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(link); err != nil {
		return err
	}
	return os.Symlink(target, link)
}
