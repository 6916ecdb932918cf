package status

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/output"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: "shop"} }

// fourTiers is a fleet in the middle of a climb, in no order.
func fourTiers() (*v1alpha1.Fleet, []v1alpha1.Tier, []v1alpha1.ShopSet) {
	since := func(ago time.Duration) *metav1.MicroTime {
		at := metav1.NewMicroTime(noon.Add(-ago))
		return &at
	}
	fleet := &v1alpha1.Fleet{ObjectMeta: named("shop")}
	tiers := []v1alpha1.Tier{
		{ObjectMeta: named("prod"), Spec: v1alpha1.TierSpec{Level: 30}, Status: v1alpha1.TierStatus{Phase: v1alpha1.TierDegraded,
			ShortRelease: "33333333", Live: "1/2", Since: since(26 * time.Hour), Branch: "tier-30",
			Reason: "ShopSet b-1 on b is Degraded: Deployment shop exceeded its progress deadline"}},
		{ObjectMeta: named("dev"), Spec: v1alpha1.TierSpec{Level: 0}, Status: v1alpha1.TierStatus{Phase: v1alpha1.TierProven,
			ShortRelease: "11111111", Live: "1/1", Since: since(90 * time.Second), Branch: "tier-0", Reason: "proven"}},
		{ObjectMeta: named("beta-prod"), Spec: v1alpha1.TierSpec{Level: 20}},
		{ObjectMeta: named("beta"), Spec: v1alpha1.TierSpec{Level: 10}, Status: v1alpha1.TierStatus{Phase: v1alpha1.TierSoaking,
			ShortRelease: "22222222", Live: "1/1", Since: since(10 * time.Minute), Branch: "tier-10",
			Queued: strings.Repeat("1", 40), Reason: "soaking for 30m0s until 2030-01-01T12:20:00Z"}},
	}
	shopSets := []v1alpha1.ShopSet{
		{ObjectMeta: named("b-1"), Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "production", Cluster: "b"}, Status: v1alpha1.ShopSetStatus{
			Release: "33333333", Health: "Degraded", Conditions: []metav1.Condition{{Type: "Ready", Status: "False", Message: "Degraded in Argo CD"}}}},
		{ObjectMeta: named("a-2"), Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "production", Cluster: "a"},
			Status: v1alpha1.ShopSetStatus{Release: "33333333", Health: "Healthy", Live: true}},
		{ObjectMeta: named("c-2"), Spec: v1alpha1.ShopSetSpec{Tier: "dev", Configuration: "dev", Cluster: "c"},
			Status: v1alpha1.ShopSetStatus{Release: "11111111", Health: "Healthy", Live: true}},
	}
	return fleet, tiers, shopSets
}

func TestPrinted(t *testing.T) {
	v := makeView(fourTiers())
	for _, format := range []output.Format{output.Table, output.Wide, output.JSON, output.YAML, output.Name} {
		var out, errs strings.Builder
		o := options{clock: clocktesting.NewFakeClock(noon), streams: output.Streams{Out: &out, Err: &errs, Getenv: func(string) string { return "" }}}
		if err := o.show(v, format); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "climb."+string(format)+".golden")
		got := out.String() + "--- stderr\n" + errs.String()
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", golden, diff)
		}
	}
}

func TestUnhealthy(t *testing.T) {
	violated := []metav1.Condition{{Type: v1alpha1.ConditionOrderViolated, Status: metav1.ConditionTrue, Message: "commit 12345 by Ann"}}
	tests := map[string]struct {
		status v1alpha1.TierStatus
		want   string
	}{
		"Proven":   {v1alpha1.TierStatus{Phase: v1alpha1.TierProven}, ""},
		"Updating": {v1alpha1.TierStatus{Phase: v1alpha1.TierUpdating}, ""},
		"Empty":    {v1alpha1.TierStatus{Phase: v1alpha1.TierEmpty}, ""},
		"Degraded": {v1alpha1.TierStatus{Phase: v1alpha1.TierDegraded, Reason: "sick"}, "tier t is Degraded: sick"},
		"Blocked":  {v1alpha1.TierStatus{Phase: v1alpha1.TierBlocked, Reason: "no branch"}, "tier t is Blocked: no branch"},
		"proven what never was below": {v1alpha1.TierStatus{Phase: v1alpha1.TierProven, Conditions: violated},
			"tier t violates the order of tiers: commit 12345 by Ann"},
		"in order again": {v1alpha1.TierStatus{Phase: v1alpha1.TierProven,
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionOrderViolated, Status: metav1.ConditionFalse}}}, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			v := makeView(&v1alpha1.Fleet{}, []v1alpha1.Tier{{ObjectMeta: named("t"), Status: tc.status}}, nil)
			if got := v.unhealthy(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestJournal checks that only changes are told, and each once.
func TestJournal(t *testing.T) {
	fleet, tiers, shopSets := fourTiers()
	tests := map[string]struct {
		format output.Format
		want   []string // parts of the lines that the steps give
	}{
		"table": {output.Table, []string{
			"2030-01-01T12:00:00Z tier/dev Proven release 11111111 live 1/1: proven",
			"tier/beta Soaking release 22222222 live 1/1 queued 11111111: soaking", "tier/beta-prod - release - live -: -", "tier/prod Degraded",
			"tier/beta Proven release 22222222 live 1/1: proven", "tier/prod was deleted"}},
		"wide": {output.Wide, []string{"tier/dev", "tier/beta", "tier/beta-prod", "tier/prod", "shopset/c-2 Healthy release 11111111 live true: -",
			"shopset/a-2", "shopset/b-1 Degraded release 33333333 live false: Degraded in Argo CD", "tier/beta Proven", "tier/prod was deleted"}},
		"json": {output.JSON, []string{`"tier":"dev"`, `"tier":"beta"`, `"tier":"beta-prod"`, `"tier":"prod"`, `"shopSet":"c-2"`, `"shopSet":"a-2"`,
			`"shopSet":"b-1"`, `"phase":"Proven"`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			j := newJournal(output.Streams{Out: &out, Err: &errs}, tc.format, clocktesting.NewFakeClock(noon))
			proven := append([]v1alpha1.Tier{}, tiers...)
			proven[3].Status.Phase, proven[3].Status.Reason, proven[3].Status.Queued = v1alpha1.TierProven, "proven", ""
			for _, step := range [][]v1alpha1.Tier{tiers, tiers, proven, proven, proven[1:]} {
				if err := j.show(makeView(fleet, step, shopSets), nil); err != nil {
					t.Fatal(err)
				}
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if len(lines) != len(tc.want) {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), len(tc.want), out.String())
			}
			for i, line := range lines {
				if !strings.Contains(line, tc.want[i]) {
					t.Errorf("line %d is %q, want %q in it", i, line, tc.want[i])
				}
				if tc.format == output.JSON && !json.Valid([]byte(line)) {
					t.Errorf("line %d is no JSON: %s", i, line)
				}
			}
			if n := strings.Count(errs.String(), "no controller has looked at tier beta-prod"); n != 1 {
				t.Errorf("a message was written %d times:\n%s", n, errs.String())
			}
		})
	}
}
