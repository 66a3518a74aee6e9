// ROWS x COLS processing elements in row-stationary order: row r holds filter row r, column c makes output row c.
// Weights of row r go to its whole row; activations of diagonal d = r + c to all its PEs; psums run up the columns, from
// row ROWS-1 to row 0. Lane i of a bus is its i-th part from the right. A shared word passes when all its PEs are ready.
// The run's settings are taken with configure, one edge before start at the latest, and held here for all PEs.
// Ports and parameters otherwise as in pe and pe_control.
module pe_array #(
    parameter ROWS = 2,
    parameter COLS = 2,
    parameter FAMILY = 0,
    parameter ACT_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter ACC_BITS = 24,
    parameter TERMS = 1,
    parameter EXP = 8,
    parameter FRAC = 23,
    parameter ACC_EXP = 8,
    parameter ACC_FRAC = 23,
    parameter PIPELINE = 1,
    parameter CLOCK_GATING = 1,
    parameter ZERO_GATING = 0,
    parameter IFMAP_DEPTH = 12,
    parameter WEIGHT_DEPTH = 48,
    parameter PSUM_DEPTH = 16,
    parameter IFMAP_AW = (IFMAP_DEPTH > 1) ? $clog2(IFMAP_DEPTH) : 1,
    parameter WEIGHT_AW = (WEIGHT_DEPTH > 1) ? $clog2(WEIGHT_DEPTH) : 1,
    parameter PSUM_AW = (PSUM_DEPTH > 1) ? $clog2(PSUM_DEPTH) : 1,
    parameter DIAGS = ROWS + COLS - 1
) (
    input                         clk,
    input                         rst,
    input                         configure,
    input                         start,
    input                         load_weights,
    input  [IFMAP_AW-1:0]         last_tap,
    input  [IFMAP_AW-1:0]         last_step,
    input  [PSUM_AW-1:0]          last_filter,
    input  [WEIGHT_AW-1:0]        last_weight,
    input  [ROWS-1:0]             w_valid,
    input  [ROWS*WEIGHT_BITS-1:0] w_data,
    output [ROWS-1:0]             w_ready,
    input  [DIAGS-1:0]            a_valid,
    input  [DIAGS*ACT_BITS-1:0]   a_data,
    output [DIAGS-1:0]            a_ready,
    input  [COLS-1:0]             p_in_valid,
    input  [COLS*ACC_BITS-1:0]    p_in_data,
    output [COLS-1:0]             p_in_ready,
    output [COLS-1:0]             p_out_valid,
    output [COLS*ACC_BITS-1:0]    p_out_data,
    input  [COLS-1:0]             p_out_ready
);
    reg [IFMAP_AW-1:0] tap_setting, step_setting;
    reg [PSUM_AW-1:0] filter_setting;
    reg [WEIGHT_AW-1:0] weight_setting;
    always @(posedge clk) if (configure) begin
        tap_setting <= last_tap;
        step_setting <= last_step;
        filter_setting <= last_filter;
        weight_setting <= last_weight;
    end

    // Psum links: number r * COLS + c enters row r - 1 from row r below it; row ROWS is the outside. Arrays of nets, not
    // one wide bus, so that a simulator looks at one link when one link changes.
    wire link_valid [0:(ROWS+1)*COLS-1];
    wire link_ready [0:(ROWS+1)*COLS-1];
    wire [ACC_BITS-1:0] link_data [0:(ROWS+1)*COLS-1];

    wire [ROWS*COLS-1:0] w_ready_each, a_ready_each;
    genvar r, c, d;
    generate
        for (c = 0; c < COLS; c = c + 1) begin : ends
            localparam LOWEST = ROWS * COLS + c;
            assign link_valid[LOWEST] = p_in_valid[c];
            assign link_data[LOWEST] = p_in_data[c*ACC_BITS +: ACC_BITS];
            assign p_in_ready[c] = link_ready[LOWEST];
            assign p_out_valid[c] = link_valid[c];
            assign p_out_data[c*ACC_BITS +: ACC_BITS] = link_data[c];
            assign link_ready[c] = p_out_ready[c];
        end
        for (r = 0; r < ROWS; r = r + 1) begin : shared_weights
            assign w_ready[r] = &w_ready_each[r*COLS +: COLS];
        end
        for (d = 0; d < DIAGS; d = d + 1) begin : shared_activations
            // PEs of the diagonal, the others taken for ready.
            wire [ROWS-1:0] ready;
            for (r = 0; r < ROWS; r = r + 1) begin : along
                if (d >= r && d - r < COLS) begin : member
                    assign ready[r] = a_ready_each[r*COLS + d - r];
                end else begin : other
                    assign ready[r] = 1'b1;
                end
            end
            assign a_ready[d] = &ready;
        end
        for (r = 0; r < ROWS; r = r + 1) begin : row
            for (c = 0; c < COLS; c = c + 1) begin : col
                localparam HERE = r * COLS + c;
                localparam BELOW = HERE + COLS;
                pe #(
                    .FAMILY(FAMILY), .ACT_BITS(ACT_BITS), .WEIGHT_BITS(WEIGHT_BITS), .ACC_BITS(ACC_BITS), .TERMS(TERMS),
                    .EXP(EXP), .FRAC(FRAC), .ACC_EXP(ACC_EXP), .ACC_FRAC(ACC_FRAC),
                    .PIPELINE(PIPELINE), .CLOCK_GATING(CLOCK_GATING), .ZERO_GATING(ZERO_GATING),
                    .IFMAP_DEPTH(IFMAP_DEPTH), .WEIGHT_DEPTH(WEIGHT_DEPTH), .PSUM_DEPTH(PSUM_DEPTH)
                ) pe (
                    .clk(clk), .rst(rst), .start(start), .load_weights(load_weights),
                    .last_tap(tap_setting), .last_step(step_setting),
                    .last_filter(filter_setting), .last_weight(weight_setting),
                    .w_valid(w_valid[r] & w_ready[r]), .w_data(w_data[r*WEIGHT_BITS +: WEIGHT_BITS]),
                    .w_ready(w_ready_each[HERE]),
                    .a_valid(a_valid[r+c] & a_ready[r+c]), .a_data(a_data[(r+c)*ACT_BITS +: ACT_BITS]),
                    .a_ready(a_ready_each[HERE]),
                    .p_in_valid(link_valid[BELOW]), .p_in_data(link_data[BELOW]),
                    .p_in_ready(link_ready[BELOW]),
                    .p_out_valid(link_valid[HERE]), .p_out_data(link_data[HERE]),
                    .p_out_ready(link_ready[HERE])
                );
            end
        end
    endgenerate
endmodule
