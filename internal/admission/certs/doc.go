// Package certs keeps the certificate that the API server trusts when it asks the admission
// webhook, without anybody's help: no cert-manager, no job, no person.
//
// The material (authorities, serving certificate, its key) lives in one Secret. Each issue
// makes a fresh authority, signs one serving certificate with it and throws the authority's
// key away, so no key that could sign another certificate is ever stored. The authorities of
// earlier issues stay in the bundle until they expire, so replicas that still serve the
// former certificate stay trusted.
//
// Any number of replicas may do this at the same time: the first write wins and the others
// take what it wrote.
package certs
