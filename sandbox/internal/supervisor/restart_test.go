package supervisor

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/state"
)

func TestMerged(t *testing.T) {
	was := state.Settings{"kube-apiserver": {"event-ttl": "30m", "v": "1"}, "etcd": {"log-level": "info"}}
	for name, test := range map[string]struct {
		changes state.Settings
		want    state.Settings
		fails   bool
	}{
		"nothing": {nil, was, false},
		"another flag, and another value": {
			state.Settings{"kube-apiserver": {"v": "2", "feature-gates": "X=true"}},
			state.Settings{"kube-apiserver": {"event-ttl": "30m", "v": "2", "feature-gates": "X=true"}, "etcd": {"log-level": "info"}}, false,
		},
		"the last flag of a process is taken back": {
			state.Settings{"etcd": {"log-level": ""}, "kube-scheduler": {"v": ""}},
			state.Settings{"kube-apiserver": {"event-ttl": "30m", "v": "1"}}, false,
		},
		"a process that there is not":  {state.Settings{"kubelet": {"v": "1"}}, nil, true},
		"a flag that is two arguments": {state.Settings{"etcd": {"v 1 --x": "1"}}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := merged(was, test.changes)
			if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.fails {
				t.Errorf("error %v; %s", err, diff)
			}
		})
	}
	if len(was["kube-apiserver"]) != 2 || was["kube-apiserver"]["v"] != "1" {
		t.Errorf("what was is changed: %v", was)
	}
}

func TestWantEdges(t *testing.T) {
	s := &state.State{}
	wantEdges(s, false)
	if len(s.Edges) != 0 {
		t.Errorf("edges that nobody wants: %v", s.Edges)
	}
	wantEdges(s, true)
	s.Edges[0].Ports.HTTP = 20001
	wantEdges(s, false)
	if got := s.EnabledEdges(); len(got) != 0 || len(s.Edges) != 2 {
		t.Errorf("enabled are %v of %v, want none of two", got, s.Edges)
	}
	wantEdges(s, true)
	if got := s.EnabledEdges(); len(got) != 2 || got[0].Ports.HTTP != 20001 {
		t.Errorf("enabled are %v, want both with the port that the first had", got)
	}
}
