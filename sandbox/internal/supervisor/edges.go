package supervisor

import (
	"context"
	"fmt"
	"slices"

	"shopset.dev/shopset/sandbox/internal/edge"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

// edgeProcess is an edge that is kept running. It belongs to no cluster, and goes on when one fails.
type edgeProcess struct {
	edge.Edge
	runner *process.Runner
}

// wantEdges marks the edges in the state, adding those that are new.
func wantEdges(s *state.State, wanted bool) {
	for _, name := range edge.Names() {
		at := slices.IndexFunc(s.Edges, func(e state.Edge) bool { return e.Name == name })
		if at < 0 && wanted {
			s.Edges = append(s.Edges, state.Edge{Name: name})
			at = len(s.Edges) - 1
		}
		if at >= 0 {
			s.Edges[at].Enabled = wanted
		}
	}
}

// assembleEdges makes the edges and starts none.
func (s *supervisor) assembleEdges() error {
	for _, e := range s.state.EnabledEdges() {
		source, err := s.cluster(e.Cluster)
		if err != nil {
			return fmt.Errorf("preparing %s: %w", e.Name, err)
		}
		described := edge.Edge{Edge: e, Dir: s.Dir, Program: s.Edge, Source: source.Cluster}
		s.edges = append(s.edges, &edgeProcess{Edge: described, runner: s.runner("")(described.Spec())})
	}
	return nil
}

// startEdges starts the edges and returns when they answer. The clusters must run.
func (s *supervisor) startEdges(ctx context.Context) error {
	for _, e := range s.edges {
		if err := e.Prepare(s.Clock.Now()); err != nil {
			return err
		}
		if err := e.Grant(ctx); err != nil {
			return err
		}
		if err := e.runner.Start(); err != nil {
			return err
		}
	}
	for _, e := range s.edges {
		if err := e.WaitReady(ctx, s.Clock); err != nil {
			return fmt.Errorf("%w; its log is %s", err, e.runner.Log())
		}
		s.progress.stage("%s: %s and %s, with the routing tables of %s", e.Name, e.HTTP(), e.HTTPS(), e.Cluster)
	}
	return nil
}
