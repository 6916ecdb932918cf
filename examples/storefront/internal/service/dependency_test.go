package service

import (
	"errors"
	"net/url"
	"testing"
	"time"
)

func TestDependencyIsReadyWhileItsLastAnswerIsRecent(t *testing.T) {
	refused := errors.New("connection refused")
	type step struct {
		after time.Duration
		probe error
	}
	tests := map[string]struct {
		steps     []step
		up, ready bool
	}{
		"never probed":                          {nil, false, false},
		"never answered":                        {[]step{{time.Second, refused}}, false, false},
		"answers":                               {[]step{{time.Second, refused}, {time.Second, nil}}, true, true},
		"missed two probes":                     {[]step{{0, nil}, {time.Second, refused}, {time.Second, refused}}, true, true},
		"restarts: down, but still in time":     {[]step{{0, nil}, {1, refused}, {1, refused}, {5 * time.Second, refused}}, false, true},
		"silent for longer than the grace":      {[]step{{0, nil}, {1, refused}, {1, refused}, {readyGrace, refused}}, false, false},
		"back after a long silence, first time": {[]step{{0, nil}, {time.Hour, refused}, {time.Second, nil}}, true, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1_700_000_000, 0)
			d := NewDependency("cart", &url.URL{Scheme: "http", Host: "cart:8080"}, func() time.Time { return now })
			for _, s := range test.steps {
				now = now.Add(s.after)
				d.Observe(s.probe)
			}
			if d.Up() != test.up || (d.Ready() == nil) != test.ready {
				t.Errorf("up %t, ready error %v; want up %t, ready %t", d.Up(), d.Ready(), test.up, test.ready)
			}
		})
	}
}

func TestOneOfSeveralProxiesIsEnoughButEveryDependencyIsNeeded(t *testing.T) {
	base := &url.URL{Scheme: "http", Host: "proxy:8080"}
	answers, silent := NewDependency("a", base, time.Now), NewDependency("b", base, time.Now)
	answers.Observe(nil)
	if err := AnyReady(silent, answers)(); err != nil {
		t.Errorf("any: %v, want ready", err)
	}
	if err := AnyReady(silent)(); err == nil {
		t.Error("any of none that answers is ready")
	}
	if err := AllReady(silent, answers)(); err == nil {
		t.Error("all is ready though one never answered")
	}
}
