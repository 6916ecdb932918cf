// Package podenv computes the environment of a container from its pod, as the
// kubelet does: service links, envFrom, then env in order, each able to refer to
// what came before it.
package podenv

import (
	"errors"
	"fmt"
	"sort"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Source reads what an environment may refer to.
type Source interface {
	ConfigMap(namespace, name string) (*corev1.ConfigMap, error)
	Secret(namespace, name string) (*corev1.Secret, error)
	Services(namespace string) ([]*corev1.Service, error)
}

// Facts are what the downward API says beyond the pod object itself.
type Facts struct {
	// PodIP and HostIP are the addresses the process sees.
	PodIP, HostIP string
	// Allocatable stands in for limits that a container does not set.
	Allocatable corev1.ResourceList
}

// errAbsent: the object or the key is not there, which optional references allow.
var errAbsent = errors.New("not found")

// Resolver computes environments.
type Resolver struct {
	Source Source
	Facts  Facts
}

// AddTo puts the environment of container into env. What env holds already is
// visible to $(NAME) and is overridden by the container.
func (r Resolver) AddTo(env *Set, pod *corev1.Pod, container *corev1.Container) error {
	if err := r.addServices(env, pod); err != nil {
		return err
	}
	for i := range container.EnvFrom {
		if err := r.addFrom(env, pod, &container.EnvFrom[i]); err != nil {
			return err
		}
	}
	for i := range container.Env {
		variable := &container.Env[i]
		if variable.ValueFrom == nil {
			env.Put(variable.Name, Expand(variable.Value, env.Lookup))
			continue
		}
		value, err := r.value(pod, container, variable.ValueFrom)
		if errors.Is(err, errAbsent) && optional(variable.ValueFrom) {
			continue
		}
		if err != nil {
			return fmt.Errorf("resolving variable %q of container %q: %w", variable.Name, container.Name, err)
		}
		env.Put(variable.Name, value)
	}
	return nil
}

func (r Resolver) addFrom(env *Set, pod *corev1.Pod, from *corev1.EnvFromSource) error {
	data := map[string]string{}
	var err error
	var mayLack *bool
	switch {
	case from.ConfigMapRef != nil:
		mayLack = from.ConfigMapRef.Optional
		data, err = r.configMap(pod.Namespace, from.ConfigMapRef.Name)
	case from.SecretRef != nil:
		mayLack = from.SecretRef.Optional
		data, err = r.secret(pod.Namespace, from.SecretRef.Name)
	}
	if errors.Is(err, errAbsent) && mayLack != nil && *mayLack {
		return nil
	}
	if err != nil {
		return err
	}
	names := make([]string, 0, len(data))
	for name := range data {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		env.Put(from.Prefix+name, data[name])
	}
	return nil
}

func (r Resolver) value(pod *corev1.Pod, container *corev1.Container, from *corev1.EnvVarSource) (string, error) {
	switch {
	case from.ConfigMapKeyRef != nil:
		data, err := r.configMap(pod.Namespace, from.ConfigMapKeyRef.Name)
		return pick(data, err, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
	case from.SecretKeyRef != nil:
		data, err := r.secret(pod.Namespace, from.SecretKeyRef.Name)
		return pick(data, err, from.SecretKeyRef.Name, from.SecretKeyRef.Key)
	case from.FieldRef != nil:
		return Field(pod, from.FieldRef.FieldPath, r.Facts)
	case from.ResourceFieldRef != nil:
		return Resource(pod, container, from.ResourceFieldRef, r.Facts)
	}
	return "", errors.New("this kind of valueFrom is not supported")
}

func (r Resolver) configMap(namespace, name string) (map[string]string, error) {
	object, err := r.Source.ConfigMap(namespace, name)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("configmap %q: %w", name, errAbsent)
	}
	if err != nil {
		return nil, fmt.Errorf("reading configmap %q: %w", name, err)
	}
	return object.Data, nil
}

func (r Resolver) secret(namespace, name string) (map[string]string, error) {
	object, err := r.Source.Secret(namespace, name)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("secret %q: %w", name, errAbsent)
	}
	if err != nil {
		return nil, fmt.Errorf("reading secret %q: %w", name, err)
	}
	data := make(map[string]string, len(object.Data))
	for key, value := range object.Data {
		data[key] = string(value)
	}
	return data, nil
}

func pick(data map[string]string, err error, object, key string) (string, error) {
	if err != nil {
		return "", err
	}
	value, ok := data[key]
	if !ok {
		return "", fmt.Errorf("key %q of %q: %w", key, object, errAbsent)
	}
	return value, nil
}

func optional(from *corev1.EnvVarSource) bool {
	switch {
	case from.ConfigMapKeyRef != nil:
		return from.ConfigMapKeyRef.Optional != nil && *from.ConfigMapKeyRef.Optional
	case from.SecretKeyRef != nil:
		return from.SecretKeyRef.Optional != nil && *from.SecretKeyRef.Optional
	}
	return false
}
