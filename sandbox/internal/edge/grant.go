package edge

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"shopset.dev/shopset/internal/edgestatus"
)

// Grant lets the edge read the routing tables of its cluster and write its own status, and nothing
// else.
func (e Edge) Grant(ctx context.Context) error {
	client, _, err := e.Source.Client()
	if err != nil {
		return err
	}
	if err := e.grant(ctx, client); err != nil {
		return fmt.Errorf("letting %s read from cluster %q: %w", e.Name, e.Source.Name, err)
	}
	return nil
}

func (e Edge) grant(ctx context.Context, client kubernetes.Interface) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}}
	_, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	roles := client.RbacV1().Roles(Namespace)
	_, err = roles.Create(ctx, e.role(), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = roles.Update(ctx, e.role(), metav1.UpdateOptions{})
	}
	if err != nil {
		return err
	}
	_, err = client.RbacV1().RoleBindings(Namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: e.meta(),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: e.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: e.user()}},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (e Edge) meta() metav1.ObjectMeta { return metav1.ObjectMeta{Name: e.Name, Namespace: Namespace} }

func (e Edge) role() *rbacv1.Role {
	configMaps := func(names []string, verbs ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: names, Verbs: verbs}
	}
	return &rbacv1.Role{
		ObjectMeta: e.meta(),
		Rules: []rbacv1.PolicyRule{
			configMaps(nil, "get", "list", "watch"),
			configMaps(nil, "create"), // what is to be created has no name yet
			configMaps([]string{edgestatus.NamePrefix + e.Name}, "update", "patch"),
		},
	}
}
