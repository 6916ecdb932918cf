package argocd

import (
	"testing"
	"time"
)

func TestRefreshIsAskedAgainUntilTheCommitWasCompared(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	waits, free := &Application{}, &Application{}
	waits.Name, free.Name = "web", "web"
	waits.Annotations = map[string]string{RefreshAnnotation: "normal"}
	steps := []struct {
		name   string
		after  time.Duration
		app    *Application
		commit string
		due    bool
		again  time.Duration // after the start
	}{
		{"a new commit is asked for at once", 0, free, "a", true, time.Second},
		{"not twice", 10 * time.Millisecond, free, "a", false, time.Second},
		{"while the request waits there is no need", 2 * time.Second, waits, "a", false, 4 * time.Second},
		{"another commit is asked for at once, even if a request waits", 2 * time.Second, waits, "b", true, 3 * time.Second},
		{"that request was lost with the one before", 3 * time.Second, free, "b", true, 5 * time.Second},
		{"and lost again", 5 * time.Second, free, "b", true, 9 * time.Second},
		{"pauses grow", 8 * time.Second, free, "b", false, 9 * time.Second},
		{"but not for ever", 1000 * time.Second, free, "b", true, 1008 * time.Second},
		{"the longest pause", 2000 * time.Second, free, "b", true, 2010 * time.Second},
		{"stays the longest", 3000 * time.Second, free, "b", true, 3010 * time.Second},
		{"also if nobody takes the request", 3010 * time.Second, waits, "b", true, 3020 * time.Second},
		{"one that nobody seems to see", 4000 * time.Second, free, "c", true, 4001 * time.Second},
		{"is repeated, as Argo CD may have missed it", 4004 * time.Second, waits, "c", true, 4006 * time.Second},
	}
	var r Refreshes
	for _, s := range steps {
		due, again := r.due(s.app, s.commit, start.Add(s.after))
		if got := again.Sub(start); due != s.due || got != s.again {
			t.Errorf("%s: due %t, again at %s; want %t, %s", s.name, due, got, s.due, s.again)
		}
	}
}
