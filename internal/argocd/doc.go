// Package argocd holds the little that ShopSet reads from Argo CD and asks of it.
//
// The Application type here is a part of Argo CD's own: fields that we do not
// read are dropped on decoding, which keeps a thousand Applications small in
// memory. So an Application must never be written back with Update; the only
// write is a merge patch of one annotation (Refreshes).
package argocd

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of Argo CD's Application.
var GroupVersion = schema.GroupVersion{Group: "argoproj.io", Version: "v1alpha1"}

// AddToScheme makes Application known to a scheme.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &Application{}, &ApplicationList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}

// RefreshAnnotation asks Argo CD to resolve the branch at once; Argo CD removes it when done.
const RefreshAnnotation = "argocd.argoproj.io/refresh"
