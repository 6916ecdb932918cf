// Package load is a crowd that shops for real, at a given rate: over all shops and all edges it
// looks at front pages, fills carts, checks out, and follows its cookies. It keeps what became of
// every request, and counts losses by method and by kind of shop.
//
// A visit is one request of one shopper. It is answered if the answer comes in time, has the status
// and the content that a shopper needs to go on, and says that a ShopSet of the shop's tier made it
// for this very shop. Anything else is lost. A shopper never sends a request twice: only what the
// edges do about a failure counts.
package load
