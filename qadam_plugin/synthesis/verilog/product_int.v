// Exact signed product, sign-extended or wrapped to OUT_BITS.
// SPLIT 1: the two halves of the weight are multiplied apart, and a rank of registers stands before their sum.
module product_int #(
    parameter ACT_BITS = 8,
    parameter WEIGHT_BITS = 8,
    parameter OUT_BITS = 24,
    parameter SPLIT = 0
) (
    input                    clk,
    input                    load,
    input  [ACT_BITS-1:0]    act,
    input  [WEIGHT_BITS-1:0] weight,
    output [OUT_BITS-1:0]    product
);
    localparam FULL = ACT_BITS + WEIGHT_BITS;
    wire signed [FULL-1:0] full;
    wire signed [OUT_BITS-1:0] extended = full;
    assign product = extended;

    generate
        if (SPLIT != 0) begin : halves
            localparam LOW = WEIGHT_BITS / 2;
            localparam HIGH = WEIGHT_BITS - LOW;
            wire signed [ACT_BITS+LOW:0] low = $signed(act) * $signed({1'b0, weight[LOW-1:0]});
            wire signed [ACT_BITS+HIGH-1:0] high = $signed(act) * $signed(weight[WEIGHT_BITS-1:LOW]);
            wire [ACT_BITS+LOW:0] low_q;
            wire [ACT_BITS+HIGH-1:0] high_q;
            rank #(.WIDTH(ACT_BITS + LOW + 1)) low_rank (.clk(clk), .load(load), .d(low), .q(low_q));
            rank #(.WIDTH(ACT_BITS + HIGH)) high_rank (.clk(clk), .load(load), .d(high), .q(high_q));
            wire signed [FULL-1:0] low_term = $signed(low_q);
            wire signed [FULL-1:0] high_term = $signed(high_q);
            assign full = low_term + (high_term <<< LOW);
        end else begin : whole
            assign full = $signed(act) * $signed(weight);
        end
    endgenerate
endmodule
