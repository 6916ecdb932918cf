package podrun

import (
	"sync"
	"time"

	"shopset.dev/shopset/sandbox/internal/node/process"
)

// instance is one run of a container.
type instance interface {
	Done() <-chan struct{}
	Exit() process.Exit // only after Done
	Terminate()
	Kill()
}

// simulatedRun is how long a simulated container that is to end takes.
const simulatedRun = time.Second

// simulated is a run of a container whose image is not here.
type simulated struct {
	started time.Time
	once    sync.Once
	done    chan struct{}
	exit    process.Exit
}

// simulate returns a run that ends well after lasting; it does not end by itself
// if that is negative.
func simulate(lasting time.Duration) *simulated {
	run := &simulated{started: time.Now(), done: make(chan struct{})}
	if lasting >= 0 {
		time.AfterFunc(lasting, run.end)
	}
	return run
}

func (s *simulated) end() {
	s.once.Do(func() {
		s.exit = process.Exit{Started: s.started, Finished: time.Now()}
		close(s.done)
	})
}

func (s *simulated) Done() <-chan struct{} { return s.done }
func (s *simulated) Exit() process.Exit    { return s.exit }
func (s *simulated) Terminate()            { s.end() }
func (s *simulated) Kill()                 { s.end() }

// stillborn is a run that could not be started.
type stillborn struct{ exit process.Exit }

// startErrorCode is the exit code that container runtimes give such a run.
const startErrorCode = 128

func newStillborn(err error) stillborn {
	now := time.Now()
	return stillborn{exit: process.Exit{Code: startErrorCode, Message: err.Error(), Started: now, Finished: now}}
}

func (stillborn) Done() <-chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}

func (s stillborn) Exit() process.Exit { return s.exit }
func (stillborn) Terminate()           {}
func (stillborn) Kill()                {}
