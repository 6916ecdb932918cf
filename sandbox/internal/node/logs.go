package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/errdefs"
	"github.com/virtual-kubelet/virtual-kubelet/node/api"

	"shopset.dev/shopset/sandbox/internal/node/process"
)

// followInterval is how often a followed log is looked at.
const followInterval = 200 * time.Millisecond

// logs opens the log of a container. Lines carry no time in the file, so the
// options since and timestamps have no effect.
func (a *agent) logs(ctx context.Context, namespace, pod, container string, options api.ContainerLogOpts) (io.ReadCloser, error) {
	path, ok := a.pods.LogPath(namespace, pod, container)
	if !ok {
		return nil, errdefs.NotFoundf("container %s of pod %s/%s is not here", container, namespace, pod)
	}
	if options.Previous {
		path = process.PreviousLog(path)
	}
	content, err := readLog(path)
	if err != nil {
		return nil, fmt.Errorf("reading the log of container %s of pod %s/%s: %w", container, namespace, pod, err)
	}
	read := int64(len(content.current))
	shown := tail(append(content.rotated, content.current...), options.Tail)
	var reader io.Reader = bytes.NewReader(shown)
	if options.Follow && !options.Previous {
		reader = io.MultiReader(reader, &follower{ctx: ctx, path: path, offset: read, over: func() bool {
			return !a.pods.IsRunning(namespace, pod, container)
		}})
	}
	if options.LimitBytes > 0 {
		reader = io.LimitReader(reader, int64(options.LimitBytes))
	}
	return io.NopCloser(reader), nil
}

type logContent struct{ rotated, current []byte }

func readLog(path string) (logContent, error) {
	current, err := os.ReadFile(path) // bounded by process.MaxLog
	if errors.Is(err, fs.ErrNotExist) {
		return logContent{current: []byte(missingLog)}, nil
	}
	if err != nil {
		return logContent{}, err
	}
	rotated, err := os.ReadFile(process.OldLog(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return logContent{}, err
	}
	return logContent{rotated: rotated, current: current}, nil
}

// missingLog is shown for a container that writes none.
const missingLog = "(no log: this container is simulated or has not been started)\n"

// tail is the last lines of content; all of it if lines is 0.
func tail(content []byte, lines int) []byte {
	if lines <= 0 {
		return content
	}
	end := len(content)
	if end > 0 && content[end-1] == '\n' {
		end--
	}
	for ; lines > 0; lines-- {
		end = bytes.LastIndexByte(content[:max(end, 0)], '\n')
		if end < 0 {
			return content
		}
	}
	return content[end+1:]
}

// follower reads what is added to a log file, also to the next one when the file
// is rotated, until the run is over.
type follower struct {
	ctx    context.Context
	path   string
	offset int64
	over   func() bool
	file   *os.File
}

// Read waits for more. It ends with the client, or with the run.
func (f *follower) Read(into []byte) (int, error) {
	for {
		over := f.over()
		if n := f.readNow(into); n > 0 {
			return n, nil
		}
		if over {
			return 0, io.EOF
		}
		select {
		case <-f.ctx.Done():
			return 0, io.EOF
		case <-time.After(followInterval):
		}
	}
}

func (f *follower) readNow(into []byte) int {
	if f.file == nil && !f.open() {
		return 0
	}
	n, _ := f.file.ReadAt(into, f.offset)
	f.offset += int64(n)
	if n == 0 && f.replaced() {
		_ = f.file.Close()
		f.file, f.offset = nil, 0
	}
	return n
}

func (f *follower) open() bool {
	file, err := os.Open(f.path)
	if err != nil {
		return false
	}
	if info, err := file.Stat(); err == nil && info.Size() < f.offset {
		f.offset = 0
	}
	f.file = file
	context.AfterFunc(f.ctx, func() { _ = file.Close() })
	return true
}

// replaced tells whether another file has taken the path.
func (f *follower) replaced() bool {
	open, err := f.file.Stat()
	if err != nil {
		return true
	}
	now, err := os.Stat(f.path)
	return err == nil && !os.SameFile(open, now)
}
