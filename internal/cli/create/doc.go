// Package create is `shopctl create`: a Shop, a ShopSet or a ShopClass from the command line, for
// those who would rather not write YAML. References are looked up first, so that a mistyped name
// is told at once.
package create
