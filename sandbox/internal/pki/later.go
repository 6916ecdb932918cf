package pki

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// EnsureClient makes a pair for one more client of the cluster's API, unless it is there: name is
// the pair's, user and organizations are what the API server is to know it by.
func (d Directory) EnsureClient(name, user string, organizations []string, now time.Time) error {
	if d.has(name) {
		return nil
	}
	ca, err := d.Read(CA)
	if err != nil {
		return err
	}
	return d.add(ca, name, subject{name: user, organizations: organizations, client: true}, now)
}

// EnsureServer makes an authority of the directory's own, unless it is there, and below it a
// server's pair for the hosts, which may be wildcards.
func (d Directory) EnsureServer(name string, hosts []string, now time.Time) error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("making certificates in %s: %w", d, err)
	}
	if !d.has(CA) {
		made, err := newAuthority(name+"-ca", now)
		if err != nil {
			return err
		}
		if err := d.write(CA, made.pair); err != nil {
			return err
		}
	}
	if d.has(name) {
		return nil
	}
	ca, err := d.Read(CA)
	if err != nil {
		return err
	}
	return d.add(ca, name, subject{name: name, hosts: hosts}, now)
}

func (d Directory) add(ca Pair, name string, s subject, now time.Time) error {
	signer, err := ca.authority(now)
	if err != nil {
		return err
	}
	pair, err := signer.issue(s)
	if err != nil {
		return err
	}
	return d.write(name, pair)
}

// has tells whether a pair is there, whole: the key is written last.
func (d Directory) has(name string) bool {
	_, err := os.Stat(d.Key(name))
	return !errors.Is(err, fs.ErrNotExist)
}
