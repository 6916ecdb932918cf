package gitrepo

import (
	"crypto/sha1" //nolint:gosec // G505: Git's object ids are SHA-1
	"encoding/hex"
	"fmt"
)

// OID is the id of a Git object: 40 lower-case hexadecimal digits. The empty
// string and ZeroOID both stand for "no object".
type OID string

// ZeroOID is how Git writes "no object".
const ZeroOID OID = "0000000000000000000000000000000000000000"

// IsZero tells whether the id names no object.
func (id OID) IsZero() bool { return id == "" || id == ZeroOID }

// Short is the id's first twelve digits, for people.
func (id OID) Short() string { return string(id[:min(12, len(id))]) }

// ParseOID accepts 40 lower-case hexadecimal digits.
func ParseOID(text string) (OID, error) {
	id := OID(text)
	if err := id.check(); err != nil {
		return "", err
	}
	return id, nil
}

// check keeps anything that is not an id away from a command line.
func (id OID) check() error {
	if len(id) != len(ZeroOID) {
		return fmt.Errorf("object id %q: want 40 hexadecimal digits", string(id))
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("object id %q: want 40 lower-case hexadecimal digits", string(id))
		}
	}
	return nil
}

func checkOIDs(ids ...OID) error {
	for _, id := range ids {
		if err := id.check(); err != nil {
			return err
		}
	}
	return nil
}

// BlobOID computes the id that Git gives to a file of this content.
func BlobOID(content []byte) OID {
	hash := sha1.New() //nolint:gosec // G401: Git's object ids are SHA-1
	fmt.Fprintf(hash, "blob %d\x00", len(content))
	hash.Write(content)
	return OID(hex.EncodeToString(hash.Sum(nil)))
}
