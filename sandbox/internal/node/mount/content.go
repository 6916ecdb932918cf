package mount

import (
	"context"
	"fmt"
	"io/fs"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"shopset.dev/shopset/sandbox/internal/node/podenv"
)

// content is what a generated volume holds; generated is false for other kinds.
func (v *Volumes) content(ctx context.Context, pod *corev1.Pod, volume *corev1.Volume) (content payload, generated bool, err error) {
	content = payload{}
	switch {
	case volume.ConfigMap != nil:
		from := volume.ConfigMap
		err = v.addConfigMap(content, pod.Namespace, from.Name, from.Items, from.DefaultMode, from.Optional)
	case volume.Secret != nil:
		from := volume.Secret
		err = v.addSecret(content, pod.Namespace, from.SecretName, from.Items, from.DefaultMode, from.Optional)
	case volume.DownwardAPI != nil:
		err = v.addDownward(content, pod, volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		err = v.addProjected(ctx, content, pod, volume)
	default:
		return nil, false, nil
	}
	return content, true, err
}

func (v *Volumes) addProjected(ctx context.Context, content payload, pod *corev1.Pod, volume *corev1.Volume) error {
	mode := volume.Projected.DefaultMode
	for i := range volume.Projected.Sources {
		var err error
		switch from := &volume.Projected.Sources[i]; {
		case from.ConfigMap != nil:
			err = v.addConfigMap(content, pod.Namespace, from.ConfigMap.Name, from.ConfigMap.Items, mode, from.ConfigMap.Optional)
		case from.Secret != nil:
			err = v.addSecret(content, pod.Namespace, from.Secret.Name, from.Secret.Items, mode, from.Secret.Optional)
		case from.DownwardAPI != nil:
			err = v.addDownward(content, pod, from.DownwardAPI.Items, mode)
		case from.ServiceAccountToken != nil:
			err = v.addToken(ctx, content, pod, volume.Name, from.ServiceAccountToken)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *Volumes) addConfigMap(content payload, namespace, name string, items []corev1.KeyToPath, mode *int32, optional *bool) error {
	object, err := v.source.ConfigMap(namespace, name)
	if isOptional(optional) && apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading configmap %q: %w", name, err)
	}
	data := make(map[string][]byte, len(object.Data)+len(object.BinaryData))
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	for key, value := range object.BinaryData {
		data[key] = value
	}
	return content.project(data, items, mode, isOptional(optional))
}

func (v *Volumes) addSecret(content payload, namespace, name string, items []corev1.KeyToPath, mode *int32, optional *bool) error {
	object, err := v.source.Secret(namespace, name)
	if isOptional(optional) && apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading secret %q: %w", name, err)
	}
	return content.project(object.Data, items, mode, isOptional(optional))
}

func (v *Volumes) addDownward(content payload, pod *corev1.Pod, items []corev1.DownwardAPIVolumeFile, mode *int32) error {
	for i := range items {
		item := &items[i]
		value, err := v.downward(pod, item)
		if err != nil {
			return fmt.Errorf("resolving %q: %w", item.Path, err)
		}
		content[item.Path] = file{data: []byte(value), mode: fileMode(item.Mode, mode)}
	}
	return nil
}

func (v *Volumes) downward(pod *corev1.Pod, item *corev1.DownwardAPIVolumeFile) (string, error) {
	if item.FieldRef != nil {
		return podenv.Field(pod, item.FieldRef.FieldPath, v.facts)
	}
	if item.ResourceFieldRef != nil && len(pod.Spec.Containers) > 0 {
		return podenv.Resource(pod, &pod.Spec.Containers[0], item.ResourceFieldRef, v.facts)
	}
	return "", fmt.Errorf("it names neither a field nor a resource")
}

// project adds the keys of an object, all of them or those that items name.
func (p payload) project(data map[string][]byte, items []corev1.KeyToPath, mode *int32, optional bool) error {
	if len(items) == 0 {
		for key, value := range data {
			p[key] = file{data: value, mode: fileMode(nil, mode)}
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok && !optional {
			return fmt.Errorf("key %q is missing", item.Key)
		}
		if ok {
			p[item.Path] = file{data: value, mode: fileMode(item.Mode, mode)}
		}
	}
	return nil
}

func isOptional(optional *bool) bool { return optional != nil && *optional }

// fileMode is the mode of a file. The owner, who is the process too, can always
// read it: there is no other user to give it to.
func fileMode(own, common *int32) fs.FileMode {
	switch {
	case own != nil:
		return permissions(*own)
	case common != nil:
		return permissions(*common)
	}
	return 0o644
}

func permissions(mode int32) fs.FileMode {
	return fs.FileMode(mode&0o777) | 0o400
}
