package runbook

// Titles of the sections of docs/by-hand/promote.md, in order.
const (
	PromoteStop  = "Stop the controller"
	PromoteEnter = "Let a commit into the lowest tier"
	PromoteSee   = "See that it is well"
	PromoteCarry = "Carry it to the next tier"
	PromoteStart = "Start the controller again"
)

// Promote lists the titles of the sections of docs/by-hand/promote.md that hold commands.
func Promote() []string {
	return []string{PromoteStop, PromoteEnter, PromoteSee, PromoteCarry, PromoteStart}
}
