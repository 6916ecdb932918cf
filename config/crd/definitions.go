// Package crd carries the definitions of ShopSet's kinds as they are applied to an API server,
// so that whoever works without one has the same schema, rules and defaults.
package crd

import "embed"

// Files are the definitions, one file a kind.
//
//go:embed shopset.dev_*.yaml
var Files embed.FS
