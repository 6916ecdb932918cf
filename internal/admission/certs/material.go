package certs

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
	"time"
)

const (
	// validity of everything issued. It is renewed when a third is left: four months in which
	// any replica that lives for a minute is enough.
	validity = 365 * 24 * time.Hour
	// backdating forgives clocks that differ between machines.
	backdating = time.Hour
	// mostAuthorities bounds the bundle; two overlap in normal life.
	mostAuthorities = 4
)

// material is what the Secret holds, in PEM.
type material struct {
	authorities, certificate, key []byte
}

// issue makes material for a server of these DNS names. The authorities of former material
// that are still valid stay in the bundle.
func issue(names []string, former []byte, now time.Time) (material, error) {
	authority, authorityKey, err := newAuthority(now)
	if err != nil {
		return material{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return material{}, fmt.Errorf("generating the serving key: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return material{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: names[0]},
		DNSNames:     names,
		NotBefore:    now.Add(-backdating),
		NotAfter:     now.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority, key.Public(), authorityKey)
	if err != nil {
		return material{}, fmt.Errorf("signing the serving certificate for %s: %w", names[0], err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return material{}, fmt.Errorf("encoding the serving key: %w", err)
	}
	return material{
		authorities: bundle(authority, former, now),
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

func newAuthority(now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generating the authority's key: %w", err)
	}
	serial, err := serialNumber()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "shopset-webhook-ca"},
		NotBefore:             now.Add(-backdating),
		NotAfter:              now.Add(validity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("signing the authority: %w", err)
	}
	authority, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the authority: %w", err)
	}
	return authority, key, nil
}

func serialNumber() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("choosing a serial number: %w", err)
	}
	return serial, nil
}

// bundle puts the newest authority before those of former that are still valid.
func bundle(newest *x509.Certificate, former []byte, now time.Time) []byte {
	out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: newest.Raw})
	kept := 1
	for _, authority := range parseAll(former) {
		if kept < mostAuthorities && now.Before(authority.NotAfter) {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw})...)
			kept++
		}
	}
	return out
}

// parseAll reads the certificates of a bundle and passes over what is none.
func parseAll(text []byte) []*x509.Certificate {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			return all
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, certificate)
		}
	}
}

// serving gives the certificate to serve with. It is an error when the material is incomplete
// or broken, is not for all of these names, or has less than a third of its life before it:
// new material must then be issued.
func (m material) serving(names []string, now time.Time) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(m.certificate, m.key)
	if err != nil {
		return nil, fmt.Errorf("reading the serving certificate: %w", err)
	}
	roots := x509.NewCertPool()
	for _, authority := range parseAll(m.authorities) {
		roots.AddCert(authority)
	}
	for _, name := range names {
		options := x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}
		if _, err := pair.Leaf.Verify(options); err != nil {
			return nil, fmt.Errorf("verifying the serving certificate for %s: %w", name, err)
		}
	}
	if pair.Leaf.NotAfter.Sub(now) < validity/3 {
		return nil, errExpiresSoon
	}
	return &pair, nil
}

var errExpiresSoon = errors.New("the serving certificate expires soon")
