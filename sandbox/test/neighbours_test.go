package test

import (
	"sync"
	"testing"

	"shopset.dev/shopset/sandbox/internal/control"
)

// TestNeighbours runs two sandboxes that were started at the same moment.
func TestNeighbours(t *testing.T) {
	boxes := []box{newBox(t), newBox(t)}
	failures := make([]string, len(boxes))
	var both sync.WaitGroup
	for i, b := range boxes {
		both.Go(func() {
			if out, err := b.command("up", "--clusters", "cluster-a").CombinedOutput(); err != nil {
				failures[i] = string(out)
			}
		})
	}
	both.Wait()
	for i, failure := range failures {
		if failure != "" {
			t.Fatalf("sandbox %d does not come up:\n%s", i, failure)
		}
	}
	one, two := boxes[0].state(), boxes[1].state()
	if one.Block == two.Block {
		t.Errorf("both have address block %d", one.Block)
	}

	boxes[0].must("fail", "cluster-a", "--mode", "kill")
	boxes[1].mustKubectl("cluster-a", "", "create", "configmap", "mine")
	boxes[0].must("recover", "cluster-a")
	if out, err := boxes[0].kubectl("cluster-a", "", "get", "configmap", "mine"); err == nil {
		t.Errorf("the first sandbox sees what is in the second: %s", out)
	}

	running := boxes[1].state().Processes
	boxes[0].must("down")
	for _, p := range running {
		if !p.Alive() {
			t.Errorf("%s of the second ended with the first", p.Name)
		}
	}
	if is := boxes[1].condition("cluster-a"); is != control.Running {
		t.Errorf("after the first is down, cluster-a of the second is %s", is)
	}
}
