package gitrepo

import (
	"time"

	"k8s.io/utils/clock"
)

// Filters for Config: what a fetch leaves out. What is needed all the same is downloaded by
// ReadBlobs (files) and Entry (directories) alone.
const (
	// WithoutBlobs fetches commits and trees.
	WithoutBlobs = "blob:none"
	// CommitsOnly fetches commits: a hundred bytes or two for each, however large and however
	// badly packed the repository is. Commit.Tree is known all the same.
	CommitsOnly = "tree:0"
)

// Config describes a Repository. Only Remote must be set.
type Config struct {
	Remote Remote
	// Filter is WithoutBlobs, CommitsOnly, or "" for everything.
	Filter string
	// RefSpecs are fetched when Fetch is given none. The default is all
	// branches: "+refs/heads/*:refs/remotes/origin/*".
	RefSpecs []string
	// Clock dates commits whose When is zero and measures for Observe.
	Clock clock.PassiveClock
	// Observe, when set, is told of every operation: its name ("fetch", "push",
	// "commit", …), its error or nil, and how long it took. It must not block.
	Observe func(op string, err error, d time.Duration)
	// StallTimeout ends a transfer in which no byte moves for that long, with
	// ErrUnreachable. Whole seconds; the default is 60 s.
	StallTimeout time.Duration
	// Timeout ends one network operation as a whole, with ErrUnreachable. The
	// default is 15 minutes; the caller's context may end it sooner.
	Timeout time.Duration
	// MaxBlobBytes is the largest file ReadBlobs returns. The default is 16 MiB.
	MaxBlobBytes int64
	// Git is the program to run; the default is "git" on the PATH.
	Git string
}

// Remote is where a repository is fetched from and pushed to.
type Remote struct {
	// URL as ParseURL takes it: without credentials.
	URL         string
	Credentials Credentials
}

// Credentials authenticate to a remote's host and to no other. All fields are
// optional. Line ends at the end of a value, common in files, are dropped.
type Credentials struct {
	// Username and Password are sent as basic authentication over HTTP(S).
	Username, Password string
	// BearerToken is sent in their place when set.
	BearerToken string
	// SSHPrivateKey is the one key offered to an SSH server. Without it ssh
	// uses the person's own keys and agent.
	SSHPrivateKey []byte
	// KnownHosts has the SSH server's keys, in known_hosts format. It is
	// required with SSHPrivateKey: an unknown server is never trusted.
	KnownHosts []byte
	// CABundle has the PEM certificates trusted for HTTPS, in place of the machine's.
	CABundle []byte
}

// Mode is what a tree says an entry is, in Git's notation.
type Mode string

// The modes that Git writes into trees.
const (
	ModeFile       Mode = "100644"
	ModeExecutable Mode = "100755"
	ModeSymlink    Mode = "120000"
	ModeTree       Mode = "040000"
	ModeGitlink    Mode = "160000"
)

// TreeEntry is one entry of a tree: a file, a directory, or a gitlink, whose
// OID is a commit of another repository.
type TreeEntry struct {
	Mode Mode
	OID  OID
}

// Type is the type of the object that the entry names: "blob", "tree" or "commit".
func (e TreeEntry) Type() string {
	switch e.Mode {
	case ModeTree:
		return "tree"
	case ModeGitlink:
		return "commit"
	}
	return "blob"
}

// Identity is who wrote something.
type Identity struct {
	Name, Email string
}

// Signature is who wrote something, and when.
type Signature struct {
	Identity
	When time.Time
}

// Trailer is a "Key: value" line at the end of a commit's message.
type Trailer struct {
	Key, Value string
}

// Commit is a commit as stored.
type Commit struct {
	OID, Tree OID
	// Parents are in Git's order: the first is the branch that was committed to.
	Parents           []OID
	Author, Committer Signature
	// Subject is the message's first paragraph on one line, Message all of it.
	Subject, Message string
	// Trailers are in the message's order.
	Trailers []Trailer
}

// Trailer is the value of the last trailer of that key, whatever its case, or "".
func (c Commit) Trailer(key string) string { return lastTrailer(c.Trailers, key) }

// Change is one change to a tree. PutFile, PutGitlink, PutTree and Remove make them.
type Change struct {
	// Path is slash-separated, relative to the root, without "." and "..".
	Path string
	// Mode of the new entry; empty removes the file or directory at Path.
	Mode Mode
	// OID of an existing object; for a file it may be empty, and Content counts.
	OID     OID
	Content []byte
}

// PutFile writes a regular file.
func PutFile(path string, content []byte) Change {
	return Change{Path: path, Mode: ModeFile, Content: content}
}

// PutGitlink makes path a submodule at a commit of another repository. Nobody
// checks that the commit exists there.
func PutGitlink(path string, commit OID) Change {
	return Change{Path: path, Mode: ModeGitlink, OID: commit}
}

// PutTree makes the directory at path exactly the given tree, which the
// repository must have.
func PutTree(path string, tree OID) Change {
	return Change{Path: path, Mode: ModeTree, OID: tree}
}

// Remove removes the file or directory at path. It need not be there.
func Remove(path string) Change { return Change{Path: path} }

// CommitSpec is a commit to be made.
type CommitSpec struct {
	// Branch is what the commit is meant for, such as "tier-0". The commit is
	// kept at that branch's staging ref; no branch moves until Push.
	Branch string
	// Parent is the commit to build on; zero makes a root commit.
	Parent OID
	// Changes to Parent's tree. Removals apply first; no path of the others may
	// equal or contain another.
	Changes []Change
	// Message without trailers; its first line is the subject.
	Message  string
	Trailers []Trailer
	// Author is required. Committer defaults to Author.
	Author, Committer Identity
	// When dates the commit, to the second; zero means now.
	When time.Time
}

// RefUpdate moves one ref of the remote.
type RefUpdate struct {
	// Ref is a full name, such as "refs/heads/tier-0".
	Ref string
	// Old is where the remote's ref must be; zero means it must not exist.
	Old OID
	// New is the commit to move it to, a descendant of Old.
	New OID
}
