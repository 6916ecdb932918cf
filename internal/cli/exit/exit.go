// Package exit holds the exit codes of shopctl and the errors that lead to them.
//
// An error says what went wrong and where; Next, beside it, is the command that a
// person would run next.
package exit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Code is the status that a process ends with.
type Code int

// The exit codes, the same for every verb.
const (
	OK Code = 0
	// Failure says that the question could not be answered.
	Failure Code = 1
	// Usage says that the command line makes no sense.
	Usage Code = 2
	// Pending says that changes are waiting (with --exit-code).
	Pending Code = 3
	// Unhealthy says that the question was answered, and the answer is bad.
	Unhealthy Code = 4
	// Timeout says that no answer came in time.
	Timeout Code = 5
)

// Error is an error with its code and the next step.
type Error struct {
	Code Code
	Err  error
	// Next is a command, empty if there is none to name.
	Next string
	// Answer marks a bad answer rather than an error: its text is not introduced as one.
	Answer bool
}

// Error is the text of the error inside.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the error inside.
func (e *Error) Unwrap() error { return e.Err }

// Usagef is an error of the command line.
func Usagef(format string, args ...any) error {
	return &Error{Code: Usage, Err: fmt.Errorf(format, args...)}
}

// Next adds the next command to an error, which keeps its code.
func Next(err error, command string) error {
	return &Error{Code: Of(err), Err: err, Next: command}
}

// Unhealthyf is a bad answer to a question.
func Unhealthyf(format string, args ...any) error {
	return &Error{Code: Unhealthy, Err: fmt.Errorf(format, args...), Answer: true}
}

// Pendingf says that changes are waiting.
func Pendingf(format string, args ...any) error {
	return &Error{Code: Pending, Err: fmt.Errorf(format, args...), Answer: true}
}

// NoSuch says that a name does not exist, and which names do.
func NoSuch(kind, name string, names []string) error {
	const most = 20
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	switch {
	case len(names) == 0:
		return fmt.Errorf("there is no %s %q, nor any other", kind, name)
	case len(names) > most:
		return fmt.Errorf("there is no %s %q: there are %s and %d others", kind, name, strings.Join(names[:most], ", "), len(names)-most)
	}
	return fmt.Errorf("there is no %s %q: there are %s", kind, name, strings.Join(names, ", "))
}

// Of finds the code of an error.
func Of(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Failure
}

// Report writes an error for a person and gives its code.
func Report(w io.Writer, err error) Code {
	if err == nil {
		return OK
	}
	var e *Error
	intro, next := "Error: ", ""
	if errors.As(err, &e) {
		next = e.Next
		if e.Answer {
			intro = ""
		}
	}
	_, _ = fmt.Fprintf(w, "%s%s\n", intro, err) // there is nowhere left to say that this went wrong
	if next != "" {
		_, _ = fmt.Fprintf(w, "Next:  %s\n", next)
	}
	return Of(err)
}
