// Control of a PE: a one-dimensional convolution over its scratchpads, for several filters at once.
//
// A window of last_tap + 1 activations lies in a ring of IFMAP_DEPTH words. Each position computes
//   psum[m] = sum over t of window[t] * weight[m][t]      for m = 0 .. last_filter
// one operation per cycle, as walk k = 0 .. last_tap, m = 0 .. last_filter with t = (m + k) mod (last_tap + 1). So every
// operation reads a word of each scratchpad, a filter's psum comes back after last_filter + 1 operations, and the
// weights are stored, and loaded, in the order of the walk: word k * (last_filter + 1) + m is weight[m][t].
// Then the psums of the PE below are added one by one and the sums leave for the PE above; the window slides by
// last_step + 1 activations, and the next position begins.
//
// Static while a run lasts: last_tap, last_step (<= IFMAP_DEPTH - 1), last_filter (<= PSUM_DEPTH - 1),
// last_weight = (last_tap + 1) * (last_filter + 1) - 1 (<= WEIGHT_DEPTH - 1).
//   start           1, in    begin a run with an empty window; only after rst or while the PE waits for activations
//   load_weights    1, in    with start: take last_weight + 1 words of weights first
//   w_valid/w_ready, a_valid/a_ready   a word passes where both are high
//   p_in_ready      1, out   the PE takes the last_filter + 1 psums of one position, in order, whenever p_in_valid is
//                            high, without further question; falls after the last has left
//   p_out_ready     1, in    the PE above does so; once high it stays until it has them all
//   p_out_valid     1, out   the MAC's result is a finished psum
// Towards the scratchpads and the MAC: the ports of spad and mac. first_round: the partial sum starts at zero.
module pe_control #(
    parameter IFMAP_DEPTH = 12,
    parameter WEIGHT_DEPTH = 48,
    parameter PSUM_DEPTH = 16,
    parameter IFMAP_AW = (IFMAP_DEPTH > 1) ? $clog2(IFMAP_DEPTH) : 1,
    parameter WEIGHT_AW = (WEIGHT_DEPTH > 1) ? $clog2(WEIGHT_DEPTH) : 1,
    parameter PSUM_AW = (PSUM_DEPTH > 1) ? $clog2(PSUM_DEPTH) : 1
) (
    input                  clk,
    input                  rst,
    input                  start,
    input                  load_weights,
    input  [IFMAP_AW-1:0]  last_tap,
    input  [IFMAP_AW-1:0]  last_step,
    input  [PSUM_AW-1:0]   last_filter,
    input  [WEIGHT_AW-1:0] last_weight,
    input                  w_valid,
    output                 w_ready,
    input                  a_valid,
    output                 a_ready,
    input                  p_in_valid,
    output                 p_in_ready,
    output                 p_out_valid,
    input                  p_out_ready,
    output                 ifmap_wen,
    output [IFMAP_AW-1:0]  ifmap_waddr,
    output [IFMAP_AW-1:0]  ifmap_raddr,
    output                 weight_wen,
    output [WEIGHT_AW-1:0] weight_addr,
    output                 psum_wen,
    output [PSUM_AW-1:0]   psum_waddr,
    output [PSUM_AW-1:0]   psum_raddr,
    output                 mac_en,
    output                 mac_chain,
    output                 first_round,
    input                  mac_take,
    input                  mac_valid,
    input                  mac_busy
);
    localparam IDLE = 3'd0, WEIGHTS = 3'd1, FILL = 3'd2, COMPUTE = 3'd3, DRAIN = 3'd4;
    localparam [IFMAP_AW-1:0] IFMAP_END = IFMAP_DEPTH - 1;

    reg [2:0] state;
    reg primed;                     // the window is full: a new activation pushes out the oldest
    reg granted;                    // the chain above is ready for this position's psums
    reg first;
    reg [IFMAP_AW-1:0] missing;     // activations still to come before the position, less one
    reg [IFMAP_AW-1:0] oldest, head, tap, round;
    reg [WEIGHT_AW-1:0] weight;
    reg [PSUM_AW-1:0] filter, result;

    wire [IFMAP_AW-1:0] oldest_next = (oldest == IFMAP_END) ? {IFMAP_AW{1'b0}} : oldest + 1'b1;
    wire [IFMAP_AW-1:0] head_next = (head == IFMAP_END) ? {IFMAP_AW{1'b0}} : head + 1'b1;
    wire [IFMAP_AW-1:0] tap_inc = (tap == IFMAP_END) ? {IFMAP_AW{1'b0}} : tap + 1'b1;
    wire [IFMAP_AW-1:0] round_inc = (round == IFMAP_END) ? {IFMAP_AW{1'b0}} : round + 1'b1;
    wire [IFMAP_AW-1:0] tap_next = (tap_inc == head) ? oldest : tap_inc;
    wire [IFMAP_AW-1:0] round_next = (round_inc == head) ? oldest : round_inc;
    wire [IFMAP_AW-1:0] oldest_slid = primed ? oldest_next : oldest;

    assign w_ready = state == WEIGHTS;
    assign a_ready = state == FILL;
    wire w_take = w_ready & w_valid;
    wire a_take = a_ready & a_valid;

    // The filter's psum is on its way through the MAC exactly when the results have as far to go as the operations.
    wire pending = mac_busy & (filter == result);
    wire issue = (state == COMPUTE) & ~pending;
    wire round_end = filter == last_filter;
    wire position_end = weight == last_weight;
    wire result_end = mac_valid & (result == last_filter);
    wire drained = (state == DRAIN) & granted & result_end;

    assign p_in_ready = granted;
    assign p_out_valid = granted & mac_valid;
    assign mac_chain = granted;
    assign mac_en = issue | (granted & p_in_valid);
    assign first_round = first;
    assign ifmap_wen = a_take;
    assign ifmap_waddr = head;
    assign ifmap_raddr = tap;
    assign weight_wen = w_take;
    assign weight_addr = weight;
    assign psum_wen = mac_valid & ~granted;
    assign psum_waddr = result;
    assign psum_raddr = filter;

    always @(posedge clk) begin
        if (rst) state <= IDLE;
        else if (start) state <= load_weights ? WEIGHTS : FILL;
        else case (state)
            WEIGHTS: if (w_take & position_end) state <= FILL;
            FILL: if (a_take & (missing == 0)) state <= COMPUTE;
            COMPUTE: if (issue & position_end) state <= DRAIN;
            DRAIN: if (drained) state <= FILL;
            default: ;
        endcase

        if (rst | start | drained) granted <= 1'b0;
        else if ((state == DRAIN) & ~mac_busy & p_out_ready) granted <= 1'b1;

        // The window.
        if (start) begin
            primed <= 1'b0;
            missing <= last_tap;
            oldest <= 0;
            head <= 0;
        end else if (a_take) begin
            head <= head_next;
            oldest <= oldest_slid;
            if (missing == 0) begin
                primed <= 1'b1;
                missing <= last_step;
            end else missing <= missing - 1'b1;
        end

        // The walk.
        if (a_take) begin
            tap <= oldest_slid;
            round <= oldest_slid;
        end else if (issue) begin
            tap <= round_end ? round_next : tap_next;
            if (round_end) round <= round_next;
        end
        if (start) weight <= 0;
        else if (w_take | issue) weight <= position_end ? {WEIGHT_AW{1'b0}} : weight + 1'b1;

        if (a_take) first <= 1'b1;
        else if (issue & round_end) first <= 1'b0;

        // Filters going in (or their psums going to meet those of the chain), and results coming out.
        if (rst | start) filter <= 0;
        else if (issue | mac_take) filter <= round_end ? {PSUM_AW{1'b0}} : filter + 1'b1;
        if (rst | start) result <= 0;
        else if (mac_valid) result <= result_end ? {PSUM_AW{1'b0}} : result + 1'b1;
    end
endmodule
