package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// File is one rendered file: its bytes, and the digest of what it was made from.
type File struct {
	// Body is the whole content, seal included.
	Body []byte
	// Input is the digest of the objects the file was made from, 16 hexadecimal digits.
	Input string
}

// Tree maps slash-separated paths, relative to the tree's root, to files.
type Tree map[string]File

var sealPattern = regexp.MustCompile(`(?m)^# shopset: input=([0-9a-f]{16}) body=([0-9a-f]{16})$`)

// sealed puts the seal in front of a body. The source is named for the person
// who opens the file and wonders where to make a change.
func sealed(source string, input any, body []byte) (File, error) {
	raw, err := json.Marshal(input)
	if err != nil {
		return File{}, fmt.Errorf("digesting the input of %s: %w", source, err)
	}
	in := digest(raw)
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by ShopSet from %s. Change that rather than this file:\n", source)
	fmt.Fprintf(&b, "# an edit made here is kept, until the object it comes from changes.\n")
	fmt.Fprintf(&b, "# shopset: input=%s body=%s\n", in, digest(body))
	b.Write(body)
	return File{Body: b.Bytes(), Input: in}, nil
}

// marshal writes YAML with the keys of structs in their own order and those of maps sorted.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// seal reads a file's seal. intact says that the body is as the renderer wrote it.
func seal(content []byte) (input string, intact, found bool) {
	head := content[:min(len(content), 1024)]
	m := sealPattern.FindSubmatchIndex(head)
	if m == nil {
		return "", false, false
	}
	body := content[min(m[1]+1, len(content)):]
	return string(head[m[2]:m[3]]), digest(body) == string(head[m[4]:m[5]]), true
}

// Verdict says what to do with one file in Git.
type Verdict string

const (
	// Same needs no change.
	Same Verdict = "Same"
	// Write creates or replaces the file.
	Write Verdict = "Write"
	// KeepOlder leaves the file as an older renderer wrote it, until the tier's turn.
	KeepOlder Verdict = "KeepOlder"
	// KeepEdited leaves the file as a person wrote it.
	KeepEdited Verdict = "KeepEdited"
	// KeepRemoved leaves the file away, as a person did.
	KeepRemoved Verdict = "KeepRemoved"
)

// Existing is what Git holds at a file's path.
type Existing struct {
	Found   bool
	Content []byte
	// LastInput is the digest of the input that we remember having written here; empty if unknown.
	LastInput string
}

// Decide says what to do with a file. turn is true when the tier may take what a newer
// renderer writes: always at the lowest tier, elsewhere when a release enters.
func Decide(have Existing, want File, turn bool) Verdict {
	switch {
	case !have.Found && have.LastInput == want.Input:
		return KeepRemoved
	case !have.Found:
		return Write
	case bytes.Equal(have.Content, want.Body):
		return Same
	}
	input, intact, found := seal(have.Content)
	if !found {
		input = have.LastInput
	}
	switch {
	case input != "" && input != want.Input:
		return Write
	case !intact:
		return KeepEdited
	case turn:
		return Write
	default:
		return KeepOlder
	}
}

// Intact tells that a file is ours and as the renderer wrote it.
func Intact(content []byte) bool {
	_, intact, found := seal(content)
	return found && intact
}
