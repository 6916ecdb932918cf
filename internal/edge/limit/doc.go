// Package limit bounds what one shop may ask for (Buckets) and how much of the load may be
// retries (Budget). Both take the time as an argument and use bounded memory.
package limit
