// Multiply-accumulate unit of operands that share words: psum_out = psum + sum of act[k] * weight[k], that sum alone for
// an operation marked first, or psum_in + psum for one marked chain. Sums wrap.
// Registers: operands, a rank behind the sum of products, result. A result stands at psum_out 3 edges after its operands.
//   mode      2, in           operands per word: 0 for one of WORD bits, 1 for two, 2 for four; it stands still while an
//                             operation is under way
//   en        1, in           an operation enters at this edge
//   chain     1, in           with en: start from psum_in, and add psum instead of the products
//   first     1, in           with en and without chain: start from zero
//   act       WORD, in        operand 0 lowest
//   weight    WORD, in        operand 0 uppermost: weights lie in their words in reverse order
//   psum      ACC_BITS, in    of the scratchpad; what chain adds is sampled at the edge where take is high, not where the
//                             operation enters
//   psum_in   ACC_BITS, in    of the PE below
//   take      1, out          psum is taken at this edge
//   valid     1, out          psum_out holds a new result
//   busy      1, out          an operation is under way
//   psum_out  ACC_BITS, out
// CLOCK_GATING 1: a rank loads only when an operation enters it. 0: it loads at every edge.
module mac_subword #(
    parameter WORD = 16,
    parameter ACC_BITS = 40,
    parameter CLOCK_GATING = 1
) (
    input                 clk,
    input                 rst,
    input  [1:0]          mode,
    input                 en,
    input                 chain,
    input                 first,
    input  [WORD-1:0]     act,
    input  [WORD-1:0]     weight,
    input  [ACC_BITS-1:0] psum,
    input  [ACC_BITS-1:0] psum_in,
    output                take,
    output                valid,
    output                busy,
    output [ACC_BITS-1:0] psum_out
);
    wire [2:0] held;
    wire [2:0] load;
    op_pipeline #(.RANKS(3), .CLOCK_GATING(CLOCK_GATING)) operations (
        .clk(clk), .rst(rst), .en(en), .held(held), .load(load), .valid(valid), .busy(busy)
    );

    // Operands. Operations of the chain leave the multiplier alone.
    wire load_operands = load[0] & ~((CLOCK_GATING != 0) & chain);
    wire [WORD-1:0] act_q;
    wire [WORD-1:0] weight_q;
    rank #(.WIDTH(WORD)) act_rank (.clk(clk), .load(load_operands), .d(act), .q(act_q));
    rank #(.WIDTH(WORD)) weight_rank (.clk(clk), .load(load_operands), .d(weight), .q(weight_q));

    // Partial sum and mark of the operation, beside the products.
    wire [ACC_BITS-1:0] start = chain ? psum_in : psum & {ACC_BITS{~first}};
    wire [ACC_BITS-1:0] beside;
    wire chained;
    rank #(.WIDTH(ACC_BITS + 1)) beside_operands (.clk(clk), .load(load[0]), .d({chain, start}), .q({chained, beside}));
    wire [ACC_BITS-1:0] base;
    rank #(.WIDTH(ACC_BITS)) beside_product (.clk(clk), .load(load[1]), .d(beside), .q(base));

    // The rank behind the products takes psum in their place.
    wire [ACC_BITS-1:0] product;
    product_subword #(.WORD(WORD), .OUT_BITS(ACC_BITS)) multiply (
        .mode(mode), .act(act_q), .weight(weight_q), .product(product)
    );
    wire [ACC_BITS-1:0] term;
    rank #(.WIDTH(ACC_BITS)) product_rank (.clk(clk), .load(load[1]), .d(chained ? psum : product), .q(term));
    assign take = held[0] & chained;

    rank #(.WIDTH(ACC_BITS)) result_rank (.clk(clk), .load(load[2]), .d(base + term), .q(psum_out));
endmodule
