package routes

import (
	"errors"
	"fmt"
)

// Problem says what is wrong with a file, and what to do.
type Problem struct {
	File string
	// Line counts from 1; 0 means the file as a whole.
	Line       int
	What, Next string
}

func (p *Problem) Error() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s line %d", p.File, p.Line)
	}
	return fmt.Sprintf("%s: %s; %s", where, p.What, p.Next)
}

// mostProblems bounds how many are reported at once.
const mostProblems = 10

// problems gathers Problems, one for each file, up to mostProblems.
type problems struct {
	list []error
	more int
}

func (p *problems) add(err error) {
	if err == nil {
		return
	}
	if len(p.list) == mostProblems {
		p.more++
		return
	}
	p.list = append(p.list, err)
}

func (p *problems) err() error {
	if p.more > 0 {
		return errors.Join(append(p.list[:len(p.list):len(p.list)], fmt.Errorf("and %d more problems", p.more))...)
	}
	return errors.Join(p.list...)
}

// quoted shortens what is not ours for a message.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%.*q…", most, s[:most])
	}
	return fmt.Sprintf("%q", s)
}
