//go:build unix

package python

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is the Python process that sessions are copies of. Its methods are safe for concurrent use.
//
// All processes are in one process group, which ends when Go does: Python watches a pipe, the lifeline, whose other end only
// Go holds.
type process struct {
	cmd      *exec.Cmd
	lifeline *os.File
	output   *os.File // what the tree's code prints, and the log
	logged   chan struct{}
	ended    chan struct{} // closed when the process is gone
	status   error         // how it ended; set before ended is closed

	calls   sync.Mutex // one request at a time
	control *net.UnixConn
	replies chan reply

	mu    sync.Mutex
	exits map[int]chan syscall.WaitStatus // of sessions, by process id
}

type reply struct {
	letter  byte
	payload []byte
	err     error
}

// startProcess starts an interpreter with the program on it. Lines that it prints go to log.
func startProcess(program, dir string, env []string, log func(line string)) (*process, error) {
	control, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	watched, lifeline, err := os.Pipe()
	if err != nil {
		control.Close()
		return nil, err
	}
	defer watched.Close()
	out, prints, err := os.Pipe()
	if err != nil {
		control.Close()
		lifeline.Close()
		return nil, err
	}
	p := &process{lifeline: lifeline, output: out, logged: make(chan struct{}), ended: make(chan struct{}), control: control,
		replies: make(chan reply, 1), exits: map[int]chan syscall.WaitStatus{}}
	p.cmd = &exec.Cmd{
		Path: program, Args: []string{program, "-c", bootstrap}, Dir: dir, Env: env, Stdout: prints, Stderr: prints,
		ExtraFiles: []*os.File{theirs, watched}, SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	err = p.cmd.Start()
	prints.Close()
	if err != nil {
		control.Close()
		lifeline.Close()
		out.Close()
		return nil, err
	}
	go p.readLog(log)
	go p.readControl()
	go func() {
		p.status = p.cmd.Wait()
		close(p.ended)
	}()
	if _, err := p.control.Write(appendFrame(nil, frameSetup, sources())); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// socketPair gives the two ends of a socket.
func socketPair() (ours *net.UnixConn, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	first, second := os.NewFile(uintptr(fds[0]), "bridge"), os.NewFile(uintptr(fds[1]), "bridge")
	defer first.Close()
	conn, err := net.FileConn(first)
	if err != nil {
		second.Close()
		return nil, nil, err
	}
	return conn.(*net.UnixConn), second, nil
}

// maxLine is how much of a line goes to the log.
const maxLine = 1 << 14

func (p *process) readLog(log func(string)) {
	defer close(p.logged)
	r := bufio.NewReaderSize(p.output, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		if text := string(line); text != "" {
			log(text)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (p *process) readControl() {
	r := bufio.NewReader(p.control)
	for {
		letter, payload, err := readFrame(r)
		if letter == frameExit && err == nil {
			p.exited(payload)
			continue
		}
		p.replies <- reply{letter, payload, err}
		if err != nil {
			return
		}
	}
}

// exited notes how the process of a session ended.
func (p *process) exited(payload []byte) {
	r := &reader{text: payload}
	v, err := r.any(0)
	if err != nil || v.List().Len() != 2 {
		return
	}
	pid, _ := v.List().At(0).AsInt()
	status, _ := v.List().At(1).AsInt()
	select {
	case p.exit(int(pid)) <- syscall.WaitStatus(status):
	default:
	}
}

// exit gives the channel that gets the status of a session's process, which may end before anybody knows of it.
func (p *process) exit(pid int) chan syscall.WaitStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.exits[pid]
	if c == nil {
		c = make(chan syscall.WaitStatus, 1)
		p.exits[pid] = c
	}
	return c
}

// request sends a frame over the control socket, with a file if there is one, and waits for the reply.
func (p *process) request(ctx context.Context, letter byte, payload []byte, file *os.File, timeout time.Duration) (byte, []byte, error) {
	p.calls.Lock()
	defer p.calls.Unlock()
	var rights []byte
	if file != nil {
		rights = syscall.UnixRights(int(file.Fd()))
	}
	frame := appendFrame(nil, letter, payload)
	n, _, err := p.control.WriteMsgUnix(frame, rights, nil)
	if err == nil && n < len(frame) {
		_, err = p.control.Write(frame[n:])
	}
	if err != nil {
		return 0, nil, p.gone()
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case r := <-p.replies:
		if r.err != nil {
			p.replies <- r // for those who come later
			return 0, nil, p.gone()
		}
		return r.letter, r.payload, nil
	case <-ctx.Done():
		p.kill()
		return 0, nil, ctx.Err()
	case <-timer.C:
		p.kill()
		return 0, nil, errTimeout
	}
}

// gone says how the process ended.
func (p *process) gone() error {
	select {
	case <-p.ended:
		if p.status != nil {
			return fmt.Errorf("the Python process ended: %w", p.status)
		}
		return errors.New("the Python process ended")
	case <-time.After(patience):
		return errors.New("the Python process does not answer")
	}
}

// patience is how long to wait for the end of a process that has closed its socket.
const patience = 2 * time.Second

// fork begins a session.
func (p *process) fork(ctx context.Context, timeout time.Duration) (*link, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	letter, payload, err := p.request(ctx, frameFork, emptyMessage, theirs, timeout)
	if err == nil && letter != frameResult {
		err = errBadMessage
	}
	if err != nil {
		ours.Close()
		return nil, err
	}
	v, err := (&reader{text: payload}).any(0)
	if err != nil || v.List().Len() != 1 {
		ours.Close()
		return nil, errBadMessage
	}
	pid, _ := v.List().At(0).AsInt()
	return &link{conn: ours, pid: int(pid), exit: p.exit(int(pid)), process: p}, nil
}

// kill ends all processes at once.
func (p *process) kill() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// close ends all processes, and what they started.
func (p *process) close() {
	if p.calls.TryLock() {
		p.calls.Unlock()
	} else { // it is busy with something that nobody wants any more
		p.kill()
	}
	p.control.Close()
	select {
	case <-p.ended:
	case <-time.After(patience):
	}
	// The group is there as long as one of its processes is.
	p.kill()
	<-p.ended
	p.lifeline.Close()
	select {
	case <-p.logged:
	case <-time.After(patience):
	}
	p.output.Close()
}

// link is the connection to the process of a session.
type link struct {
	conn    *net.UnixConn
	pid     int
	exit    chan syscall.WaitStatus
	process *process
}

var _ io.ReadCloser = (*link)(nil)

func (l *link) Read(b []byte) (int, error) { return l.conn.Read(b) }

// send writes a frame.
func (l *link) send(head, payload []byte) error {
	frame := net.Buffers{head, payload}
	_, err := frame.WriteTo(l.conn)
	return err
}

// setDeadline makes reading fail from then on.
func (l *link) setDeadline(t time.Time) { _ = l.conn.SetReadDeadline(t) }

// Close lets the process end by itself.
func (l *link) Close() error { return l.conn.Close() }

// kill ends the process of the session.
func (l *link) kill() {
	select {
	case status := <-l.exit: // it is gone, and its number may be another's
		l.exit <- status
	default:
		_ = syscall.Kill(l.pid, syscall.SIGKILL)
	}
}

// gone says how the process of the session ended.
func (l *link) gone() error {
	select {
	case status := <-l.exit:
		l.exit <- status
		switch {
		case status.Signaled():
			return fmt.Errorf("the Python process was ended by a signal: %s", status.Signal())
		default:
			return fmt.Errorf("the Python process ended with exit code %d", status.ExitStatus())
		}
	case <-l.process.ended:
		return l.process.gone()
	case <-time.After(patience):
		return errors.New("the Python process closed its connection")
	}
}
