// Which pipeline rank of a MAC holds an operation, and which ranks load at the next edge.
//   en      1, in           an operation enters
//   held    RANKS, out      rank k holds an operation
//   load    RANKS, out      rank k loads; with CLOCK_GATING 0 every rank loads at every edge
//   valid   1, out          the last rank holds a result
//   busy    1, out          some rank holds an operation
module op_pipeline #(
    parameter RANKS = 3,
    parameter CLOCK_GATING = 1
) (
    input                  clk,
    input                  rst,
    input                  en,
    output reg [RANKS-1:0] held,
    output     [RANKS-1:0] load,
    output                 valid,
    output                 busy
);
    wire [RANKS-1:0] entering = {held[RANKS-2:0], en};
    always @(posedge clk) held <= rst ? {RANKS{1'b0}} : entering;
    assign load = (CLOCK_GATING != 0) ? entering : {RANKS{1'b1}};
    assign valid = held[RANKS-1];
    assign busy = |held;
endmodule
