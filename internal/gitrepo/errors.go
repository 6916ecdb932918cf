package gitrepo

import (
	"errors"
	"strings"
)

// The classes of errors. An error may belong to several (a push of several refs).
var (
	// ErrConflict says that the ref is not where it was expected: read it afresh and try again.
	ErrConflict = errors.New("the remote's ref moved")
	// ErrAuth says that the server, or the SSH host key check, refused the credentials.
	ErrAuth = errors.New("access refused")
	// ErrNotFound says that the repository or the ref does not exist, or is hidden from these credentials.
	ErrNotFound = errors.New("not found")
	// ErrUnreachable says that no answer came: name resolution, connection,
	// time-out, a broken transfer, a server error. Nothing changed; a retry is safe.
	ErrUnreachable = errors.New("remote unreachable")
	// ErrTLS says that the server's certificate could not be verified.
	ErrTLS = errors.New("certificate not trusted")
	// ErrAmbiguous says that a push may or may not have happened: read the ref before anything else.
	ErrAmbiguous = errors.New("unknown whether the push happened")
	// ErrRejected says that the server refuses this push for good: a hook or a protected branch.
	ErrRejected = errors.New("push refused by the server")
	// ErrMissingObject says that the local repository lacks an object: fetch first.
	ErrMissingObject = errors.New("object missing")
	// ErrNoChange says that the changes lead to the parent's own tree; no commit was made.
	ErrNoChange = errors.New("nothing changed")
	// ErrTooLarge says that an object or an output exceeds its limit.
	ErrTooLarge = errors.New("too large")
	// ErrCorrupt says that the local repository is damaged. The next Fetch or Open makes it anew.
	ErrCorrupt = errors.New("local repository damaged")
	// ErrInUse says that another process has the directory open.
	ErrInUse = errors.New("in use by another process")
)

// PushError is the outcome of a push that did not fully succeed, ref by ref.
type PushError struct {
	// Results has one entry per update, in the order given.
	Results []RefResult
	// Words are what the server said beside that, for example a hook's reason.
	Words string
}

// RefResult is what became of one update. Err is nil when the ref is at New.
type RefResult struct {
	RefUpdate
	Err error
}

// Error lists the refs that did not move, with the reason of each.
func (e *PushError) Error() string {
	var parts []string
	for _, result := range e.Results {
		if result.Err != nil {
			parts = append(parts, result.Ref+": "+result.Err.Error())
		}
	}
	if e.Words != "" {
		parts = append(parts, "the server says: "+e.Words)
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives errors.Is the classes of all refs.
func (e *PushError) Unwrap() []error {
	var errs []error
	for _, result := range e.Results {
		if result.Err != nil {
			errs = append(errs, result.Err)
		}
	}
	return errs
}
