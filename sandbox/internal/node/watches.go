package node

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	discoveryinformers "k8s.io/client-go/informers/discovery/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
)

// watches are the informers of the agent.
type watches struct {
	own, all   informers.SharedInformerFactory
	pods       coreinformers.PodInformer // of this node
	configMaps coreinformers.ConfigMapInformer
	secrets    coreinformers.SecretInformer
	services   coreinformers.ServiceInformer
	claims     coreinformers.PersistentVolumeClaimInformer
	volumes    coreinformers.PersistentVolumeInformer
	slices     discoveryinformers.EndpointSliceInformer
}

func newWatches(client kubernetes.Interface, nodeName string) *watches {
	onNode := informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", nodeName).String()
	})
	w := &watches{
		own: informers.NewSharedInformerFactoryWithOptions(client, 0, onNode),
		all: informers.NewSharedInformerFactory(client, 0),
	}
	core := w.all.Core().V1()
	w.pods = w.own.Core().V1().Pods()
	w.configMaps, w.secrets, w.services = core.ConfigMaps(), core.Secrets(), core.Services()
	w.claims, w.volumes = core.PersistentVolumeClaims(), core.PersistentVolumes()
	w.slices = w.all.Discovery().V1().EndpointSlices()
	return w
}

// onChange calls back when Services or endpoints, and claims or volumes, change.
func (w *watches) onChange(services, claims func()) error {
	w.pods.Informer()
	w.configMaps.Informer()
	w.secrets.Informer()
	for _, each := range []struct {
		informer cache.SharedIndexInformer
		call     func()
	}{
		{w.services.Informer(), services},
		{w.slices.Informer(), services},
		{w.claims.Informer(), claims},
		{w.volumes.Informer(), claims},
	} {
		_, err := each.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { each.call() },
			UpdateFunc: func(any, any) { each.call() },
			DeleteFunc: func(any) { each.call() },
		})
		if err != nil {
			return fmt.Errorf("watching the cluster: %w", err)
		}
	}
	return nil
}

// start begins to watch and returns when everything was read once.
func (w *watches) start(ctx context.Context) error {
	for _, factory := range []informers.SharedInformerFactory{w.own, w.all} {
		factory.Start(ctx.Done())
		for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
			if !synced {
				return errors.Join(fmt.Errorf("reading %s: interrupted", kind), context.Cause(ctx))
			}
		}
	}
	return nil
}

type recorderStop struct{ broadcaster record.EventBroadcaster }

func (r recorderStop) stop() { r.broadcaster.Shutdown() }

func newRecorder(client kubernetes.Interface, nodeName string) (record.EventRecorder, recorderStop) {
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: client.CoreV1().Events("")})
	source := corev1.EventSource{Component: "kubelet", Host: nodeName}
	return quietRecorder{broadcaster.NewRecorder(scheme.Scheme, source)}, recorderStop{broadcaster}
}
