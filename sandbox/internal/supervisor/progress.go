package supervisor

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/control"
)

// progress tells whoever reads the file how far the start is.
type progress struct {
	mu    sync.Mutex
	file  *os.File
	clock clock.PassiveClock
	begun time.Time
}

func newProgress(path string, clk clock.PassiveClock) (*progress, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the progress file: %w", err)
	}
	return &progress{file: file, clock: clk, begun: clk.Now()}, nil
}

func (p *progress) stage(format string, args ...any) {
	p.write(control.Stage{Text: fmt.Sprintf(format, args...)})
}

// end writes the last stage.
func (p *progress) end(err error) {
	if err != nil {
		p.write(control.Stage{Text: "failed", Error: err.Error()})
	} else {
		p.write(control.Stage{Text: "ready", Ready: true})
	}
	_ = p.file.Close()
}

func (p *progress) write(stage control.Stage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stage.Seconds = p.clock.Since(p.begun).Seconds()
	data, err := json.Marshal(stage)
	if err == nil {
		_, _ = p.file.Write(append(data, '\n')) // nobody can be told of it otherwise
	}
}
