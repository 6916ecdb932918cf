// Package manifest reads the objects of a fleet from YAML files, without a cluster, as strictly
// as an API server would: unknown fields, schema, rules and defaults all come from the
// definitions of the kinds, so what passes here passes there, and what does not fails with the
// API server's own words.
//
// Vocabulary:
//
//   - A document is one YAML document of a file; a List counts as the documents in it.
//   - Its place is the file and the number of the document in it.
//   - A definition is the schema of one kind, with its rules and defaults.
package manifest
