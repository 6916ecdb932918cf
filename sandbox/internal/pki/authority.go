// Package pki makes the keys and certificates of a cluster.
//
// A cluster has three authorities, as kubeadm's do: one for its API, one for
// etcd (whose clients must not be the API's clients), and one for the
// front proxy, by which the API server vouches for a user to an aggregated
// API. All keys are ECDSA P-256 and made in milliseconds.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// validity of everything: a sandbox does not outlive it.
const validity = 10 * 365 * 24 * time.Hour

// Pair is a certificate and its private key, PEM.
type Pair struct {
	Certificate []byte
	Key         []byte
}

// authority signs certificates.
type authority struct {
	pair        Pair
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	now         time.Time
}

// subject is what a certificate says.
type subject struct {
	name          string
	organizations []string
	hosts         []string // DNS names and IP addresses; a server's
	client        bool
}

func newAuthority(name string, now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of authority %q: %w", name, err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := sign(template, template, key, key, now)
	if err != nil {
		return nil, fmt.Errorf("signing authority %q: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back authority %q: %w", name, err)
	}
	pair, err := encode(der, key)
	if err != nil {
		return nil, err
	}
	return &authority{pair: pair, certificate: certificate, key: key, now: now}, nil
}

// authority is that of a pair that was written before.
func (p Pair) authority(now time.Time) (*authority, error) {
	pair, err := tls.X509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, fmt.Errorf("reading an authority: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("reading an authority: its key is not an ECDSA key")
	}
	return &authority{pair: p, certificate: pair.Leaf, key: key, now: now}, nil
}

// issue makes a key and a certificate for a subject.
func (a *authority) issue(s subject) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("making the key of %q: %w", s.name, err)
	}
	template := &x509.Certificate{
		Subject:  pkix.Name{CommonName: s.name, Organization: s.organizations},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if len(s.hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if s.client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	for _, host := range s.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := sign(template, a.certificate, key, a.key, a.now)
	if err != nil {
		return Pair{}, fmt.Errorf("signing the certificate of %q: %w", s.name, err)
	}
	return encode(der, key)
}

func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = now.Add(-time.Hour) // clocks that were set back
	template.NotAfter = now.Add(validity)
	return x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
}

func encode(der []byte, key *ecdsa.PrivateKey) (Pair, error) {
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encoding a key: %w", err)
	}
	return Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}, nil
}
