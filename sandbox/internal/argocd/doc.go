// Package argocd runs the two halves of Argo CD that sync Applications, the
// repo-server and the application-controller, without images: as processes
// beside the management cluster, with an in-memory Redis. Its custom resource
// definitions and default configuration are read from Argo CD's own files,
// which the parts' build puts beside the programs.
package argocd
