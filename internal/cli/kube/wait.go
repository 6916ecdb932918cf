package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/cli/exit"
)

// Wait says whether to wait for what was asked for, and how long.
type Wait struct {
	On      bool
	Timeout time.Duration
}

// Check looks at the flags.
func (w Wait) Check() error {
	if w.Timeout <= 0 {
		return exit.Usagef("--timeout %s: want more than nothing", w.Timeout)
	}
	return nil
}

// pause lies between two looks.
const pause = 500 * time.Millisecond

// Until looks again and again until look says that it is done, or fails. What look says of where
// things stand is told whenever it changes. An API server that does not answer for a while is
// not the end: only the time is, or that what is looked at is gone. next is the command to look
// again.
func (w Wait) Until(ctx context.Context, c clock.WithTicker, note func(string, ...any), next string,
	look func(context.Context) (stands string, done bool, err error),
) error {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	ticker := c.NewTicker(pause)
	defer ticker.Stop()
	last := ""
	for {
		stands, done, err := look(ctx)
		if err != nil {
			var final *Final
			if errors.As(err, &final) {
				return final.Err
			}
			if apierrors.IsNotFound(err) && !unknownKind(err) {
				return err
			}
			stands, done = err.Error(), false
		}
		if ctx.Err() == nil && stands != last && stands != "" {
			note("%s", stands)
			last = stands
		}
		if done {
			return nil
		}
		select {
		case <-ctx.Done():
			return w.ended(ctx, last, next)
		case <-ticker.C():
		}
	}
}

func (w Wait) ended(ctx context.Context, last, next string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &exit.Error{Code: exit.Timeout, Err: fmt.Errorf("not done within %s, and going on: %s", w.Timeout, last), Next: next}
	}
	return exit.Next(errors.New("no longer waiting; what was asked for goes on"), next)
}

// Final is an error that ends a wait.
type Final struct{ Err error }

// Error is the text of the error inside.
func (f *Final) Error() string { return f.Err.Error() }

// Unwrap gives the error inside.
func (f *Final) Unwrap() error { return f.Err }
