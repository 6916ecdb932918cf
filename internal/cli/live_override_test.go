package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/plan/routes"
)

// overrides reads the rows on the cluster.
func (l live) overrides(t *testing.T) ([]routes.Override, *corev1.ConfigMap) {
	t.Helper()
	var m corev1.ConfigMap
	if err := l.Client.Get(t.Context(), client.ObjectKey{Namespace: edgeNamespace, Name: routes.OverrideConfigMap}, &m); err != nil {
		t.Fatal(err)
	}
	list, err := routes.DecodeOverrides(m.Data[routes.OverrideFile])
	if err != nil {
		t.Fatal(err)
	}
	return list, &m
}

func (l live) override(t *testing.T) {
	set := func(typed, match string, more ...string) answer {
		return l.do(t, typed, append([]string{"override", "set", match, "--to", "b-1", "--for", "1h", "--reason", "a-1 is  odd", "--owner", "ann"}, more...)...)
	}
	l.do(t, "", "override", "list").expect(t, exit.OK, "", "no override is in force")
	l.do(t, "", "override", "set", "shopset:a-1", "--to", "b-1", "--reason", "r").expect(t, exit.Usage, "", "--for is missing")
	set("", "shopset:a-1", "--for", "169h").expect(t, exit.Usage, "", "--for 169h0m0s: at most 168h0m0s")
	set("", "shopset:a-1", "--owner", "Ann B").expect(t, exit.Usage, "", "want one word")
	set("", "shopset:a-1", "--to", "z-1", "-y").expect(t, exit.Failure, "", `there is no ShopSet "z-1": there are a-1, b-1`)
	set("", "shopset:z-1", "-y").expect(t, exit.Failure, "", `there is no ShopSet "z-1"`)
	set("", "not a host", "-y").expect(t, exit.Usage, "", "not a host")
	set("", "shopset:a-1").expect(t, exit.Usage, "", "shopset:a-1: 3 hosts of 2 shops in 2 groups, served by a-1 today, go to b-1")
	set("", "shopset:a-1", "--dry-run=client").expect(t, exit.OK, "kind: ConfigMap\nmetadata:\n  name: shopset-routes-override\n  namespace: shopset-edge\n", "")

	set("shopset:a-1\n", "shopset:a-1").expect(t, exit.OK, "configmap/shopset-routes-override created\n", "")
	list, m := l.overrides(t)
	if len(list) != 1 || list[0].Match != "shopset:a-1" || list[0].Owner != "ann" || list[0].Reason != "a-1 is odd" {
		t.Errorf("wrote %+v", list)
	}
	m.Data[routes.OverrideFile] += "fuga.shop.example b-1 2020-01-01T00:00:00Z bob long ago\n"
	if err := l.Client.Update(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	l.do(t, "", "override", "list").expect(t, exit.OK, "expired", "")
	l.do(t, "", "where", "hoge.shop.example").expect(t, exit.OK, "standard/0   b-1", "OVERRIDE in force until")
	l.do(t, "", "where", "hot").expect(t, exit.OK, "b-1", "")
	set("", "Hoge.Shop.Example.", "--yes").expect(t, exit.OK, "set: hoge.shop.example is served by b-1 until", "removed: the override of fuga.shop.example expired")
	set("", "shopset:a-1", "--yes", "--for", "2h").expect(t, exit.OK, "set: shopset:a-1", "")
	if list, _ := l.overrides(t); len(list) != 2 {
		t.Errorf("%d rows: a row for the same match is replaced: %+v", len(list), list)
	}
	var rows []struct {
		Match   string
		Expired bool
	}
	if a := l.do(t, "", "override", "list", "-o", "json"); json.Unmarshal([]byte(a.stdout), &rows) != nil || len(rows) != 2 || rows[0].Expired {
		t.Errorf("listed %s", a.stdout)
	}
	l.do(t, "", "override", "clear", "standard/0").expect(t, exit.Failure, "", `there is no override of "standard/0": there are hoge.shop.example, shopset:a-1`)
	l.do(t, "", "override", "clear", "hoge.shop.example").expect(t, exit.Usage, "", "hoge.shop.example is served by b-1 until")
	l.do(t, "", "override", "clear", "HOGE.shop.example", "-y").expect(t, exit.OK, "configmap/shopset-routes-override cleared", "")
	l.do(t, "", "override", "clear", "shopset:a-1", "-y").expect(t, exit.OK, "cleared", "")
	l.do(t, "", "where", "hoge.shop.example").expect(t, exit.OK, "standard/0   a-1", "")
	l.contended(t)
	l.broken(t)
}

// contended lets several people write at the same time: nobody's row is lost.
func (l live) contended(t *testing.T) {
	const people = 4
	answers := make([]answer, people)
	var wait sync.WaitGroup
	for i := range people {
		wait.Go(func() {
			answers[i] = l.within(t.Context(), "", "override", "set", fmt.Sprintf("standard/%d", i), "--to", "a-1", "--for", "1m", "--reason", "r", "--yes")
		})
	}
	wait.Wait()
	done := 0
	for _, a := range answers {
		if a.code == exit.OK {
			done++
		} else if !strings.Contains(a.stderr, "at the same time") {
			t.Errorf("exit code %d: %s", a.code, a.stderr)
		}
	}
	if list, _ := l.overrides(t); len(list) != done || done < 2 {
		t.Errorf("%d of %d wrote, and there are %d rows", done, people, len(list))
	}
}

// broken leaves a table that somebody has broken by hand as it is.
func (l live) broken(t *testing.T) {
	_, m := l.overrides(t)
	m.Data[routes.OverrideFile] = "hoge.shop.example\n"
	if err := l.Client.Update(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	l.do(t, "", "override", "list").expect(t, exit.Failure, "", "Next:  kubectl edit configmap shopset-routes-override -n shopset-edge")
	l.do(t, "", "override", "set", "standard/0", "--to", "a-1", "--for", "1m", "--reason", "r", "--yes").
		expect(t, exit.Failure, "", "override.txt line 1")
	if err := l.Client.Delete(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: m.Name, Namespace: m.Namespace}}); err != nil {
		t.Fatal(err)
	}
}
