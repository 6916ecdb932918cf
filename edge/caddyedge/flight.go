package caddyedge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"shopset.dev/shopset/internal/edge"
)

// patience is how long an attempt runs before it is worth watching whether its ShopSet is still
// there: nearly all have their answer by then.
const patience = 100 * time.Millisecond

// flight is an attempt while it is under way.
type flight struct {
	attempt *edge.Attempt
	start   time.Time
	result  edge.Result
	done    sync.Once

	// For requests that may not be repeated: the connection, what it had carried before, and the body.
	conn   *countedConn
	before int64
	stale  bool
	body   *gatedBody

	// For requests that may be repeated at will: given up when the ShopSet is lost.
	state    atomic.Int32
	timer    *time.Timer
	answered chan struct{}
	cancel   context.CancelCauseFunc
}

// States of a flight that is watched.
const (
	waiting int32 = iota
	answered
	lost
)

// watch makes the request that goes out.
func (f *flight) watch(req *http.Request) *http.Request {
	if req.Body != nil || !repeatable(req.Method) {
		return f.guard(req)
	}
	if !f.attempt.MayBeLost() {
		return req
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	f.cancel, f.answered = cancel, make(chan struct{})
	f.timer = time.AfterFunc(patience, func() {
		if f.attempt.AwaitLoss(f.answered) && f.state.CompareAndSwap(waiting, lost) {
			cancel(edge.ErrLost)
		}
	})
	return req.WithContext(ctx)
}

// guard sees to it that a request that may not be repeated goes out over a connection that lives.
func (f *flight) guard(req *http.Request) *http.Request {
	f.conn, f.before, f.stale, f.body = nil, 0, false, nil
	if req.Body != nil {
		f.body = &gatedBody{ReadCloser: req.Body}
	}
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{GotConn: f.gotConn}))
	if f.body != nil {
		out.Body = f.body
	}
	return out
}

func (f *flight) gotConn(info httptrace.GotConnInfo) {
	conn, ok := info.Conn.(*countedConn)
	if !ok {
		return
	}
	f.conn, f.before = conn, conn.written.Load()
	f.stale = info.Reused && !conn.alive()
	if f.body != nil {
		f.body.stale.Store(f.stale)
	}
	if f.stale {
		_ = conn.Close() // it is closed already, on the other side
	}
}

// metStale is true if the request got no further than a connection that was closed already, so
// that it can go to the same place over another.
func (f *flight) metStale() bool {
	return f.stale && (f.body == nil || !f.body.touched.Load())
}

// repeatable methods change nothing, so whoever waits for one may ask elsewhere.
func repeatable(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// stopWatching is true if the ShopSet was lost before.
func (f *flight) stopWatching() bool {
	if f.timer == nil {
		return false
	}
	wasLost := !f.state.CompareAndSwap(waiting, answered)
	f.timer.Stop()
	close(f.answered)
	return wasLost
}

func (f *flight) lost() bool { return f.state.Load() == lost }

// sent says whether the ShopSet may have seen anything of a request that failed.
func (f *flight) sent(err error) bool {
	var dial *dialError
	switch {
	case f.body != nil && f.body.touched.Load():
		return true
	case errors.As(err, &dial), f.stale:
		return false
	default:
		return f.conn == nil || f.conn.written.Load() != f.before
	}
}

// release lets go of the watch. Until then an answer can be read.
func (f *flight) release() {
	if f.cancel != nil {
		f.cancel(nil)
	}
}

// finish tells the core what became of the attempt, once. A nil result is the flight's own.
func (f *flight) finish(result *edge.Result) {
	f.done.Do(func() {
		if result == nil {
			result = &f.result
		}
		f.attempt.Done(*result)
	})
}

// carry wraps the body of an answer so that its end ends the attempt. An upgraded connection stays
// one that can be written to.
func (f *flight) carry(body io.ReadCloser) io.ReadCloser {
	if stream, ok := body.(io.ReadWriteCloser); ok {
		return &tunnel{ReadWriteCloser: stream, flight: f}
	}
	return &answer{ReadCloser: body, flight: f}
}

// answer is the body of a response.
type answer struct {
	io.ReadCloser
	flight *flight
	ended  bool
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		a.ended = true
		if !errors.Is(err, io.EOF) {
			a.flight.result.Err = err
		}
	}
	return n, err
}

// Close ends the attempt. Who closes before the end had nobody left to pass it on to.
func (a *answer) Close() error {
	err := a.ReadCloser.Close()
	if !a.ended || errors.Is(a.flight.result.Err, context.Canceled) {
		a.flight.result.Aborted = true
	}
	a.flight.finish(nil)
	a.flight.release()
	return err
}

// tunnel is an upgraded connection, such as a WebSocket.
type tunnel struct {
	io.ReadWriteCloser
	flight *flight
}

// CloseWrite closes one direction, if the connection can.
func (t *tunnel) CloseWrite() error {
	if half, ok := t.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return t.Close()
}

// Close ends the attempt.
func (t *tunnel) Close() error {
	err := t.ReadWriteCloser.Close()
	t.flight.finish(nil)
	t.flight.release()
	return err
}
