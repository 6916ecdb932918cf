package system_test

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

const routesApplication = "argocd/on-prod/cluster.routes.yaml"

// routed makes a world with edges on the highest tier's cluster, in which tables are as said.
func routed(t *testing.T, tables func(*system.Input)) *world {
	t.Helper()
	w := newWorld(t)
	w.tables = tables
	w.ladder("dev", "beta", "prod")
	w.objects.WorkloadClusters[2].Spec.Edges = true
	w.merge("a")
	w.settle()
	return w
}

func TestRoutesReachClustersWithEdges(t *testing.T) {
	there := false
	w := routed(t, func(in *system.Input) { in.Main.Routes = there })
	if w.branches[render.MainBranch].files[routesApplication] != nil {
		t.Error("an Application of tables that are not there: Argo CD would complain")
	}
	there = true
	w.settle()
	files := w.branches[render.MainBranch].files
	for _, want := range []string{
		"name: on-prod.routes", "path: routes", "targetRevision: main", "namespace: shopset-edge", "name: on-prod\n",
		"prune: true", "selfHeal: true", "CreateNamespace=true", "ServerSideApply=true",
	} {
		if !strings.Contains(string(files[routesApplication]), want) {
			t.Errorf("the Application lacks %q:\n%s", want, files[routesApplication])
		}
	}
	for _, cluster := range []string{"on-dev", "on-beta"} {
		if files["argocd/"+cluster+"/cluster.routes.yaml"] != nil {
			t.Errorf("cluster %s runs no edges and gets the tables", cluster)
		}
	}
	desired, err := system.WhenClimbed(w.input())
	if err != nil {
		t.Fatal(err)
	}
	main := desired.Branches[len(desired.Branches)-1]
	if string(main.Files[routesApplication]) != string(files[routesApplication]) {
		t.Error("what is desired lacks the Application, or has another")
	}
	w.objects.WorkloadClusters[2].Spec.Edges = false
	w.settle()
	if w.branches[render.MainBranch].files[routesApplication] != nil {
		t.Error("the cluster runs no edges any more and still gets the tables")
	}
}

func TestDeletedShopSetStaysWhileTheTableNamesIt(t *testing.T) {
	held, problem := map[string]int{"s-prod": 3}, ""
	w := routed(t, func(in *system.Input) {
		in.Main.Routes, in.Holding, in.Epoch, in.RoutesProblem = true, held, 5, problem
	})
	now := metav1.NewTime(w.now)
	w.objects.ShopSets[2].DeletionTimestamp = &now
	has := func(b, file string) bool { return w.branches[b].files[file] != nil }
	const overlay, application = "overlays/s-prod/kustomization.yaml", "argocd/on-prod/s-prod.yaml"
	w.merge("b")
	if p := w.settle(); len(p.Gone) != 0 || !has("tier-2", overlay) || !has("main", application) {
		t.Fatalf("it is served from and yet leaves Git: gone %v", p.Gone)
	}
	if w.running() != "bbb" {
		t.Errorf("tiers run %s: what is served must be updated, and what is being deleted must not hold up others", w.running())
	}
	held, problem = nil, "the table cannot be read"
	if p := w.settle(); len(p.Gone) != 0 || !has("main", application) {
		t.Errorf("nobody knows whether it is served from, and yet it leaves Git: gone %v", p.Gone)
	}
	problem = ""
	w.fleet.Status.Routes = &v1alpha1.RoutesStatus{Epoch: 5, Edges: 2, EdgesEpoch: 4}
	if p := w.settle(); len(p.Gone) != 0 || !has("main", application) {
		t.Errorf("edges use an older table and it leaves Git: gone %v", p.Gone)
	}
	w.fleet.Status.Routes.EdgesEpoch = 5
	w.step()
	if has("main", application) || !has("tier-2", overlay) {
		t.Error("its Application must leave first, by a push that fails if the table has changed")
	}
	w.step()
	if p := w.step(); has("tier-2", overlay) || !slices.Equal(p.Gone, []string{"ShopSet/s-prod"}) {
		t.Errorf("it does not leave Git: gone %v", p.Gone)
	}
}
