// Package claims gives PersistentVolumeClaims of a sandbox cluster directories: it
// is the provisioner of the default StorageClass. Binding is left to the real
// controller-manager, as with any external provisioner.
package claims

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
)

const (
	// Class is the name of the default StorageClass.
	Class = "sandbox"
	// Provisioner is who provisions its volumes.
	Provisioner = "sandbox.shopset.dev/directory"

	provisionedBy  = "pv.kubernetes.io/provisioned-by"
	defaultClass   = "storageclass.kubernetes.io/is-default-class"
	betaClass      = "volume.beta.kubernetes.io/storage-class"
	retryAfter     = time.Second
	regularRecheck = time.Minute
)

// Keeper provisions and removes directories.
type Keeper struct {
	Client  kubernetes.Interface
	Claims  corelisters.PersistentVolumeClaimLister
	Volumes corelisters.PersistentVolumeLister
	Dir     string
	Log     *slog.Logger

	changes chan struct{}
}

// Init makes the keeper ready for Changed and Run.
func (k *Keeper) Init() { k.changes = make(chan struct{}, 1) }

// Changed says that claims or volumes may have changed.
func (k *Keeper) Changed() {
	select {
	case k.changes <- struct{}{}:
	default: // it is to be looked at anyhow
	}
}

// Run provisions until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	ticker := time.NewTicker(regularRecheck)
	defer ticker.Stop()
	k.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.changes:
		case <-ticker.C:
		}
		if err := k.sync(ctx); err != nil && ctx.Err() == nil {
			k.Log.Warn("keeping volumes", "error", err)
			time.AfterFunc(retryAfter, k.Changed)
		}
	}
}

func (k *Keeper) sync(ctx context.Context) error {
	if err := k.ensureClass(ctx); err != nil {
		return err
	}
	claims, err := k.Claims.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("listing claims: %w", err)
	}
	slices.SortFunc(claims, func(a, b *corev1.PersistentVolumeClaim) int {
		return slices.Compare([]string{a.Namespace, a.Name}, []string{b.Namespace, b.Name})
	})
	for _, claim := range claims {
		if err := k.provision(ctx, claim); err != nil {
			return fmt.Errorf("provisioning claim %s/%s: %w", claim.Namespace, claim.Name, err)
		}
	}
	volumes, err := k.Volumes.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("listing volumes: %w", err)
	}
	for _, volume := range volumes {
		if err := k.reclaim(ctx, volume); err != nil {
			return fmt.Errorf("reclaiming volume %s: %w", volume.Name, err)
		}
	}
	return nil
}

func (k *Keeper) ensureClass(ctx context.Context) error {
	classes := k.Client.StorageV1().StorageClasses()
	if _, err := classes.Get(ctx, Class, metav1.GetOptions{}); err == nil || !apierrors.IsNotFound(err) {
		return err
	}
	_, err := classes.Create(ctx, &storagev1.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{Name: Class, Annotations: map[string]string{defaultClass: "true"}},
		Provisioner: Provisioner,
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating storage class %q: %w", Class, err)
	}
	return nil
}

func (k *Keeper) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || classOf(claim) != Class {
		return nil
	}
	name := "pvc-" + string(claim.UID)
	if _, err := k.Volumes.Get(name); err == nil {
		return nil
	}
	dir := filepath.Join(k.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	kind := corev1.HostPathDirectoryOrCreate
	_, err := k.Client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: Provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			StorageClassName:              Class,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: dir, Type: &kind}},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// reclaim removes a volume of ours that its claim gave up.
func (k *Keeper) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	ours := volume.Annotations[provisionedBy] == Provisioner
	deletable := volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
	if !ours || !deletable || volume.Status.Phase != corev1.VolumeReleased {
		return nil
	}
	// By name, not by the path in the object: that one anybody can write.
	if dir := filepath.Join(k.Dir, volume.Name); filepath.IsLocal(volume.Name) {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	err := k.Client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// Path is the directory of a bound claim.
func (k *Keeper) Path(namespace, name string) (string, error) {
	claim, err := k.Claims.PersistentVolumeClaims(namespace).Get(name)
	if err != nil {
		return "", fmt.Errorf("reading claim %q: %w", name, err)
	}
	if claim.Status.Phase != corev1.ClaimBound {
		return "", fmt.Errorf("claim %q is not bound yet", name)
	}
	volume, err := k.Volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return "", fmt.Errorf("reading volume %q of claim %q: %w", claim.Spec.VolumeName, name, err)
	}
	switch {
	case volume.Spec.HostPath != nil:
		return volume.Spec.HostPath.Path, nil
	case volume.Spec.Local != nil:
		return volume.Spec.Local.Path, nil
	}
	return filepath.Join(k.Dir, volume.Name), nil
}

func classOf(claim *corev1.PersistentVolumeClaim) string {
	if class, ok := claim.Annotations[betaClass]; ok {
		return class
	}
	if claim.Spec.StorageClassName == nil {
		return ""
	}
	return *claim.Spec.StorageClassName
}
