package gitrepo

import (
	"errors"
	"strings"
)

// failure is a run of git that went wrong: its class, the words that say why,
// and all that git printed, for callers that look for more.
type failure struct {
	class  error
	detail string
	stderr string
	code   int
	cause  error
}

// Error gives the class and git's own words.
func (f *failure) Error() string {
	switch {
	case f.class == nil && f.detail == "":
		return "running git: " + f.cause.Error()
	case f.class == nil:
		return "git: " + f.detail
	case f.detail == "":
		return f.class.Error()
	}
	return f.class.Error() + ": " + f.detail
}

// Unwrap gives errors.Is the class and the cause, such as context.Canceled.
func (f *failure) Unwrap() []error {
	var errs []error
	for _, err := range []error{f.class, f.cause} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// A rule gives a class to what git, curl or ssh print, in lower case.
type rule struct {
	class error
	texts []string
}

// The first rule with a text that occurs decides, so the specific stand before
// the general: ssh's refusal comes with git's "could not read from remote".
// errMachine stands for trouble of this machine, such as a full disk, which is
// neither the remote's nor the repository's fault and belongs to no class.
var errMachine = errors.New("trouble of this machine")

func machineRules() []rule {
	return []rule{{errMachine, []string{
		"no space left", "disk quota exceeded", "read-only file system", "too many open files", "out of memory",
		"cannot allocate memory", "insufficient permission", "died of signal", "unable to create '", "cannot create",
		"input/output error", "resource temporarily unavailable",
	}}}
}

func localRules() []rule {
	return []rule{
		{ErrCorrupt, []string{
			"is corrupt", "corrupt loose object", "object file", "data stream error", "bad object header",
			"packfile", "pack has bad object", "unable to unpack", "garbage at end of loose object",
			"unterminated line in", "cannot be accessed", "bad ref", "broken ref", "index file", "is truncated",
			"not a git repository", "bad signature", "bad config line", "did not receive expected object",
		}},
		{ErrMissingObject, []string{
			"bad object", "not a valid object name", "not a valid commit name", "missing blob", "missing tree", "tree not found", "blob not found",
			"missing commit", "not a tree object", "unable to read tree", "could not get object info",
			"not found in the object", "object not found", "does not point to a valid object", "could not read",
			"remote did not send all necessary objects", "not our ref", "not a commit", "transport 'https' not allowed",
			"not a valid sha1", "src refspec", "invalid revision range", "could not parse",
		}},
	}
}

func remoteRules() []rule {
	return []rule{
		{ErrTLS, []string{
			"ssl certificate problem", "certificate verification failed", "certificate verify", "subject name",
			"self-signed certificate", "self signed certificate", "gnutls_handshake", "ssl_connect", "ssl routines",
			"tls connect error", "error setting certificate", "problem with the ssl ca cert",
		}},
		{ErrAuth, []string{
			"authentication failed", "could not read username", "could not read password", "terminal prompts disabled",
			"returned error: 401", "returned error: 403", "permission denied", "host key verification failed",
			"access denied", "host identification has changed", "host key is known", "too many authentication failures",
			"error in libcrypto", "invalid format", "dubious ownership",
		}},
		{ErrUnreachable, []string{"not resolve host"}},
		{ErrNotFound, []string{
			"returned error: 404", "returned error: 410", "returned error: 30", "repository not found", "' not found",
			"does not appear to be a git repository", "couldn't find remote ref", "does not exist", "no such repository",
			"redirect", "git-http-push failed", "is this a git repository", // what answers is no Git server
		}},
		{ErrRejected, []string{"returned error: 413", "exceeds maximum allowed size"}},
		{ErrMissingObject, []string{"not our ref", "src refspec", "remote unpack failed: missing"}},
		{ErrUnreachable, []string{
			"could not resolve", "failed to connect", "couldn't connect", "connection refused",
			"timed out", "too slow", "empty reply", "rpc failed", "hung up", "early eof", "connection reset",
			"unexpected disconnect", "recv failure", "send failure", "transfer closed", "returned error: 5",
			"returned error: 4", "no route to host", "network is unreachable", "could not read from remote repository",
			"kex_exchange_identification", "connection closed", "broken pipe", "unable to access", "bad line length",
			"expected flush", "unpacker error", "invalid server response", "protocol error", "bad band",
			"unexpected response", "expected 'packfile'", "expected response end packet", "valid-ref",
			"the requested url returned error",
		}},
	}
}

// classify reads the class off what was printed, or nil when nothing is known.
func classify(stderr string, remote bool) error {
	text := strings.ToLower(stderr)
	own := withoutServer(text)
	if match(machineRules(), own) != nil {
		return nil
	}
	if remote {
		// What the server or the network did explains what git then says about objects.
		if class := match(remoteRules(), text); class != nil {
			return class
		}
	}
	return match(localRules(), own)
}

// withoutServer drops the server's words, which say nothing about this repository.
func withoutServer(text string) string {
	var own strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "remote:") {
			own.WriteString(line)
		}
	}
	return own.String()
}

func match(rules []rule, text string) error {
	for _, rule := range rules {
		for _, known := range rule.texts {
			if strings.Contains(text, known) {
				return rule.class
			}
		}
	}
	return nil
}

// beforeSending tells whether a push failed while the remote's refs were read,
// so that nothing can have happened there.
func beforeSending(stderr string) bool {
	text := strings.ToLower(stderr)
	for _, late := range []string{"rpc failed", "send-pack", "unexpected disconnect", "to push some refs"} {
		if strings.Contains(text, late) {
			return false
		}
	}
	for _, early := range []string{"unable to access", "could not read from remote repository", "upon initial contact"} {
		if strings.Contains(text, early) {
			return true
		}
	}
	return false
}

const summaryLimit = 600

// summary keeps the lines that say what is wrong, on one line.
func summary(stderr string) string {
	var lines []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "hint:") || strings.HasPrefix(line, "To ") || line == "remote:" ||
			strings.Contains(line, "dumping crash report") {
			continue
		}
		lines = append(lines, strings.ToValidUTF8(line, "?"))
	}
	text := strings.Join(lines, "; ")
	if len(text) > summaryLimit {
		text = strings.ToValidUTF8(text[:summaryLimit/2]+" … "+text[len(text)-summaryLimit/2:], "")
	}
	return text
}

const excerptHalf = 8 << 10

// excerpt keeps the first and the last 8 KiB written to it.
type excerpt struct {
	head, tail []byte
}

// Write never fails, so that git is never stopped by its own words.
func (e *excerpt) Write(p []byte) (int, error) {
	n := len(p)
	keep := min(len(p), excerptHalf-len(e.head))
	e.head, p = append(e.head, p[:keep]...), p[keep:]
	e.tail = append(e.tail, p...)
	if extra := len(e.tail) - excerptHalf; extra > 0 {
		e.tail = append(e.tail[:0], e.tail[extra:]...)
	}
	return n, nil
}

// String joins what was kept.
func (e *excerpt) String() string { return string(e.head) + string(e.tail) }
